package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// bulk makes up any number of messages from their index alone, shaped as real
// mailboxes are: nine in ten are small, and a few hold most of the octets.
type bulk struct {
	count int
	now   time.Time
}

// spread is splitmix64: numbers that look random, and are the same every time.
func spread(i int, salt uint64) uint64 {
	z := uint64(i)*0x9e3779b97f4a7c15 + salt*0xbf58476d1ce4e5b9
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func pick(from []string, i int, salt uint64) string {
	return from[spread(i, salt)%uint64(len(from))]
}

// Octets implements pop3server.Source.
func (b bulk) Octets(i int) int64 {
	r := spread(i, 1)
	switch share := r % 1000; {
	case share < 3: // 5 to 35 MB
		return 5<<20 + int64(r>>20%(30<<20))
	case share < 40: // 200 kB to 3 MB
		return 200<<10 + int64(r>>20%(2800<<10))
	case share < 120: // 64 to 200 kB
		return 64<<10 + int64(r>>20%(136<<10))
	}
	return 1800 + int64(r>>20%(14<<10))
}

// UIDL implements pop3server.Source.
func (b bulk) UIDL(i int) string {
	const digits = "0123456789abcdef"
	var id [16]byte
	for at, rest := len(id)-1, spread(i, 2); at >= 0; at, rest = at-1, rest>>4 {
		id[at] = digits[rest&15]
	}
	return string(id[:])
}

// sent spreads the messages over the weeks before now, the last one newest.
func (b bulk) sent(i int) time.Time {
	step := max(60*24*time.Hour/time.Duration(b.count), time.Second)
	back := time.Duration(b.count-i)*step + time.Duration(spread(i, 3)%uint64(step))
	return b.now.Add(-back).UTC().Truncate(time.Second)
}

var (
	bulkNames = []string{
		"Ada Quill", "Ben Harrow", "Chiara Dolce", "Dmitri Volkov", "Esther Lindgren", "Farid Nazari", "Greta Holm", "Hugo Marchetti",
		"Ines Caldeira", "Jonas Berg", "Keiko Arata", "Liam Oduya", "Mona Castell", "Nils Overgaard", "Olga Petrenko", "Priya Raman",
		"The Daily Kettle", "Bicycle Weekly", "Build Robot", "Garden Shop", "Ticket Office", "Parcel Service", "Night Backup", "Cheap Pills Direct",
	}
	bulkDomains  = []string{"example.org", "example.net", "example.com", "mail.example", "news.example", "shop.example", "lists.example", "build.example"}
	bulkSubjects = []string{
		"Minutes of the %s meeting", "Re: %s", "Your order: %s", "[dev] Build of %s failed", "%s: this week's letter", "Invitation: %s", "Fwd: pictures of the %s",
		"Last chance for %s!!!", "Question about the %s", "Invoice for %s", "The %s is ready", "Backup of %s finished", "Who took the %s?", "Notes on %s",
	}
	bulkThings = []string{
		"garden shed", "coffee machine", "quarterly plan", "bicycle race", "old printer", "choir", "north bridge", "tea kettle", "staging server",
		"summer house", "lost umbrella", "accordion", "budget", "train timetable", "beehive", "release 4.2", "school play", "roof", "cat pictures", "lighthouse",
	}
	bulkText = []byte(strings.Join([]string{
		"This message was made up on demand, and so was this line.",
		"It says little, and takes its time to say it.",
		"Somebody, somewhere, may be waiting for an answer to it.",
		"Nobody will ever know whether the shed was painted in the end.",
		"", "",
	}, "\r\n"))
)

func (b bulk) header(i int) string {
	name, domain := pick(bulkNames, i, 4), pick(bulkDomains, i, 5)
	addr := strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@" + domain
	subject := fmt.Sprintf(pick(bulkSubjects, i, 6), pick(bulkThings, i, 7))
	header := fmt.Sprintf("Received: from relay.%s (relay.%s [192.0.2.7])\r\n\tby mx1.example.org with ESMTPS id %s\r\nDate: %s\r\nFrom: %s <%s>\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%s@%s>\r\n",
		domain, domain, b.UIDL(i)[:8], b.sent(i).Format(time.RFC1123Z), name, addr, reader, subject, b.UIDL(i), domain)
	if strings.HasPrefix(domain, "lists") {
		header += "List-Id: Made-up talk <talk.lists.example>\r\n"
	}
	return header + "MIME-Version: 1.0\r\n"
}

// bulkAttached is from what size on a message has an attachment.
const bulkAttached = 64 << 10

// Open implements pop3server.Source. The message is filled up to what Octets
// says: with talk if it is small, else with an attachment.
func (b bulk) Open(i int) (io.ReadCloser, error) {
	const leaf = "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
	octets := b.Octets(i)
	head, tail, block := b.header(i), "\r\n", bulkText
	if octets < bulkAttached {
		head += leaf
	} else {
		head += "Content-Type: multipart/mixed; boundary=made-up\r\n\r\n--made-up\r\n" + leaf + string(bulkText) +
			"\r\n--made-up\r\nContent-Type: application/octet-stream\r\n" +
			"Content-Disposition: attachment; filename=\"made-up.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
		tail, block = "\r\n--made-up--\r\n", fillerBlock()
	}
	left := octets - int64(len(head)+len(tail))
	return io.NopCloser(io.MultiReader(strings.NewReader(head), &filler{block: block, left: left}, strings.NewReader(tail))), nil
}
