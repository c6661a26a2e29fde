package demo

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"
	"golang.org/x/text/encoding/htmlindex"

	"popmark/pop3server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 11, 22, 20, 30, 0, 0, time.UTC)

// octets reads a whole message.
func octets(t *testing.T, m pop3server.Messages, n int) []byte {
	t.Helper()
	r, err := m.Open(n)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := io.Copy(&b, r); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// counted gives how long a message is, and its first octets.
func counted(t *testing.T, m pop3server.Messages, n int) (int64, []byte) {
	t.Helper()
	r, err := m.Open(n)
	if err != nil {
		t.Fatal(err)
	}
	head, err := io.ReadAll(io.LimitReader(r, 150*kilo))
	if err != nil {
		t.Fatal(err)
	}
	rest, err := io.Copy(io.Discard, r)
	if err != nil {
		t.Fatal(err)
	}
	return int64(len(head)) + rest, head
}

// header gives a message's header fields as they are, unfolded, by lower-case
// name; the first of each.
func header(message []byte) map[string]string {
	head, _, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	text := strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(string(head))
	fields := map[string]string{}
	for line := range strings.SplitSeq(text, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		name = strings.ToLower(name)
		if _, twice := fields[name]; !twice {
			fields[name] = strings.TrimSpace(value)
		}
	}
	return fields
}

func decoder() *mime.WordDecoder {
	return &mime.WordDecoder{CharsetReader: func(name string, in io.Reader) (io.Reader, error) {
		enc, err := htmlindex.Get(name)
		if err != nil {
			return nil, err
		}
		return enc.NewDecoder().Reader(in), nil
	}}
}

func TestSampleIsWellFormed(t *testing.T) {
	m := Maildrop(0, now).Snapshot()
	if m.Len() < 55 || m.Len() > 75 {
		t.Errorf("%d messages, want some sixty", m.Len())
	}
	uidls := map[string]bool{}
	var last time.Time
	for n := 1; n <= m.Len(); n++ {
		length, text := counted(t, m, n)
		if length != m.Octets(n) {
			t.Errorf("message %d has %d octets, says %d", n, length, m.Octets(n))
		}
		if uidls[m.UIDL(n)] || len(m.UIDL(n)) != 16 {
			t.Errorf("message %d: UIDL %q", n, m.UIDL(n))
		}
		uidls[m.UIDL(n)] = true
		for line := range bytes.Lines(text) {
			if len(line) > 1000 || int64(len(text)) == length && !bytes.HasSuffix(line, []byte("\r\n")) {
				t.Errorf("message %d: a line of %d octets, %.40q", n, len(line), line)
			}
		}
		sent, err := mail.ParseDate(header(text)["date"])
		if err != nil || sent.Before(last) || sent.After(now) || now.Sub(sent) > 30*day {
			t.Errorf("message %d: date %v (%v), the one before %v", n, sent, err, last)
		}
		last = sent
	}
}

func TestSampleIsTheSameForTheSameTime(t *testing.T) {
	a, b, later := Maildrop(0, now).Snapshot(), Maildrop(0, now).Snapshot(), Maildrop(0, now.Add(day)).Snapshot()
	for n := 1; n <= a.Len(); n++ {
		if a.UIDL(n) != b.UIDL(n) || a.UIDL(n) != later.UIDL(n) {
			t.Errorf("message %d: UIDLs %s, %s, %s", n, a.UIDL(n), b.UIDL(n), later.UIDL(n))
		}
		if a.Octets(n) < mega && !bytes.Equal(octets(t, a, n), octets(t, b, n)) {
			t.Errorf("message %d differs", n)
		}
	}
}

func TestSampleShowsWhatPopmarkIsFor(t *testing.T) {
	m := Maildrop(0, now).Snapshot()
	found := map[string]int{}
	words := regexp.MustCompile(`=\?([^?]+)\?([BQ])\?[^?]*\?=`)
	for n := 1; n <= m.Len(); n++ {
		if m.Octets(n) > 10*mega {
			found["huge"]++
			continue
		}
		text := octets(t, m, n)
		h := header(text)
		subject, has := h["subject"]
		if !has {
			found["no subject"]++
		}
		for name, is := range map[string]bool{
			"list":             h["list-id"] != "",
			"unsubscribe":      h["list-unsubscribe"] != "",
			"spam":             h["x-spam-flag"] == "YES",
			"authentication":   h["authentication-results"] != "",
			"html only":        strings.HasPrefix(h["content-type"], "text/html"),
			"alternative":      strings.HasPrefix(h["content-type"], "multipart/alternative"),
			"mixed":            strings.HasPrefix(h["content-type"], "multipart/mixed"),
			"quoted":           bytes.Contains(text, []byte("Transfer-Encoding: quoted-printable")),
			"raw 8-bit":        !utf8.ValidString(subject),
			"escape":           strings.Contains(subject, "\x1b]52;"),
			"bidi, raw":        strings.Contains(subject, "\u202e"),
			"escape, encoded":  strings.Contains(subject, "=1B"),
			"name by RFC 2231": bytes.Contains(text, []byte("filename*=utf-8''Apfelbaum")),
			"name by a word":   bytes.Contains(text, []byte(`filename="=?GBK?B?`)),
			"dot lines":        bytes.Contains(text, []byte("\r\n.\r\n")),
		} {
			if is {
				found[name]++
			}
		}
		for _, w := range words.FindAllStringSubmatch(subject, -1) {
			found[w[1]+" "+w[2]]++
		}
	}
	for _, name := range []string{
		"huge", "no subject", "list", "unsubscribe", "spam", "authentication", "html only", "alternative", "mixed", "quoted", "raw 8-bit", "escape", "bidi, raw",
		"escape, encoded", "dot lines", "name by RFC 2231", "name by a word", "gb2312 B", "GBK B", "gb18030 B", "big5 Q", "ISO-2022-JP B", "Shift_JIS B", "koi8-r B", "windows-1251 Q", "iso-8859-1 Q", "UTF-8 B",
	} {
		if found[name] == 0 {
			t.Errorf("no message has %s", name)
		}
	}
	if found["huge"] < 3 || found["raw 8-bit"] < 2 {
		t.Errorf("%d huge, %d raw 8-bit", found["huge"], found["raw 8-bit"])
	}
}

func TestEncodedWordsDecodeToTheirSubject(t *testing.T) {
	word := regexp.MustCompile(`^=\?[^?]+\?[BQ]\?[^? ]+\?=$`)
	for _, cs := range []*charset{utf8Charset, gb18030, gbk, big5, iso2022jp, shiftJIS, koi8r, windows1251, latin1} {
		for _, w := range []words{wordsB, wordsQ} {
			subject := map[*charset]string{
				gbk: "第三季度报销单，请于周五前交齐，谢谢大家的配合与理解", gb18030: "您订购的《𠮷祥字谱》已发货，请注意查收包裹和雨伞", big5: "下週的讀書會改到星期四晚上七點，請記得帶傘",
				iso2022jp: "来週のお茶会についてのお知らせとお願い、そして傘", shiftJIS: "笛付きやかん（大）のご注文を確認しました。ありがとう", latin1: "Réveillon à la maison : qui apporte les huîtres, et qui le café ?",
			}[cs]
			if subject == "" {
				subject = "Дача, картошка и одна длинная лестница = 3_4 ?"
			}
			l := &letter{charset: cs, words: w}
			folded := l.phrase(subject, len("Subject: "))
			for i, line := range strings.Split(folded, "\n ") {
				if !word.MatchString(line) || len(line) > 75 || i == 0 && len(line) > 66 {
					t.Errorf("%s: bad encoded word %q", cs.name, line)
				}
			}
			got, err := decoder().DecodeHeader(strings.ReplaceAll(folded, "\n ", "\r\n "))
			if err != nil || got != subject {
				t.Errorf("%s %d: %q comes back as %q, %v", cs.name, w, subject, got, err)
			}
		}
	}
}

func TestBulkIsWellFormed(t *testing.T) {
	const count = 2000
	m := Maildrop(count, now).Snapshot()
	var last time.Time
	small, big, total := 0, 0, int64(0)
	for n := 1; n <= count; n++ {
		total += m.Octets(n)
		if m.Octets(n) > 150*kilo {
			big++
			if big > 3 {
				continue
			}
		} else {
			small++
		}
		text := octets(t, m, n)
		if int64(len(text)) != m.Octets(n) {
			t.Fatalf("message %d has %d octets, says %d", n, len(text), m.Octets(n))
		}
		sent, err := mail.ParseDate(header(text)["date"])
		if err != nil || sent.Before(last) || sent.After(now) {
			t.Fatalf("message %d: date %v (%v), the one before %v", n, sent, err, last)
		}
		last = sent
		if !bytes.HasSuffix(text, []byte("\r\n")) || bytes.Count(text, []byte("\n")) != bytes.Count(text, []byte("\r\n")) {
			t.Fatalf("message %d: line ends", n)
		}
	}
	if small < count*9/10 || big == 0 {
		t.Errorf("%d small and %d big messages, %d octets", small, big, total)
	}
}

func TestBulkIsMadeUpOnDemand(t *testing.T) {
	for _, count := range []int{1, 100_000, 1_000_000} {
		m := Maildrop(count, now).Snapshot()
		if m.Len() != count {
			t.Errorf("%d messages, want %d", m.Len(), count)
		}
		if n := testing.AllocsPerRun(1, func() { Maildrop(count, now).Snapshot() }); n > 1000 {
			t.Errorf("%d messages take %v allocations", count, n)
		}
		if a, b := octets(t, m, count), octets(t, Maildrop(count, now).Snapshot(), count); !bytes.Equal(a, b) {
			t.Errorf("message %d differs from itself", count)
		}
	}
}

// session logs in with APOP, says what is asked, and gives the last line that
// came, the one after QUIT left out.
func session(t *testing.T, d *Demo, commands ...string) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", d.Addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	line := func() string {
		text, err := in.ReadString('\n')
		if err != nil || !strings.HasPrefix(text, "+OK") {
			t.Fatalf("server said %q, %v", text, err)
		}
		return strings.TrimSpace(text)
	}
	greeting := line()
	digest := md5.Sum([]byte(greeting[strings.Index(greeting, "<"):] + d.Password))
	var last string
	for _, c := range append([]string{"APOP " + d.User + " " + hex.EncodeToString(digest[:])}, commands...) {
		if _, err := fmt.Fprintf(conn, "%s\r\n", c); err != nil {
			t.Fatal(err)
		}
		if answer := line(); c != "QUIT" {
			last = answer
		}
	}
	return last
}

func TestDeletionsLastAsLongAsTheDemo(t *testing.T) {
	for _, count := range []int{0, 100_000} {
		d, err := Start("127.0.0.1:0", count, now)
		if err != nil {
			t.Fatal(err)
		}
		if d.URL != "pop3://demo@"+d.Addr {
			t.Errorf("URL %s", d.URL)
		}
		all := Maildrop(count, now).Snapshot()
		second := session(t, d, "UIDL 2", "QUIT")
		if want := "+OK 2 " + all.UIDL(2); second != want {
			t.Errorf("%q, want %q", second, want)
		}
		session(t, d, "DELE 1", "DELE 3", "QUIT")
		if got, want := session(t, d, "UIDL 2", "QUIT"), "+OK 2 "+all.UIDL(4); got != want {
			t.Errorf("after a deletion %q, want %q", got, want)
		}
		if got := session(t, d, "UIDL 1", "STAT", "QUIT"); !strings.HasPrefix(got, fmt.Sprintf("+OK %d ", all.Len()-2)) {
			t.Errorf("after a deletion %q", got)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestStartOnATakenAddressSaysSo(t *testing.T) {
	d, err := Start("127.0.0.1:0", 1, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(d.Addr, 1, now); err == nil || !strings.Contains(err.Error(), d.Addr) {
		t.Errorf("error %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestURLCanBeReached(t *testing.T) {
	d, err := Start("0.0.0.0:0", 1, now)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(d.URL, "pop3://demo@127.0.0.1:") {
		t.Errorf("URL %s", d.URL)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
