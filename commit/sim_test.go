package commit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"syscall"

	"popmark/delivery"
	"popmark/delivery/faultfs"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// blow is what a fault does to the operation that it falls on.
type blow uint8

const (
	noBlow    blow = iota
	kill           // the process dies before the operation
	powerLoss      // as kill, and the disk forgets what was not synced
	cutBefore      // the line breaks before the server sees the command
	cutAfter       // the server carries the command out, its answer is lost
	refuse         // -ERR; for QUIT, with only the first deletion carried out
	noDisk         // the file system or the ledger fails
	leave          // whoever started the run leaves it
	blows
)

func (b blow) String() string {
	return [...]string{"nothing", "kill", "power loss", "cut before", "cut after", "-ERR", "disk failure", "leave"}[b]
}

// place is where an operation happens.
type place uint8

const (
	onWire place = iota
	onDisk
	inLedger
)

func (b blow) hits(p place) bool {
	switch b {
	case kill, powerLoss, leave:
		return true
	case cutBefore, cutAfter, refuse:
		return p == onWire
	case noDisk:
		return p != onWire
	}
	return false
}

// strike falls on the at-th operation, from 1, of those that its blow can hit.
type strike struct {
	blow blow
	at   int
}

var (
	errDead    = errors.New("the process is dead")
	errMinus   = errors.New("-ERR no")
	errLedger  = &ledgerError{}
	errLineCut = fmt.Errorf("the line broke: %w", io.ErrUnexpectedEOF)
)

type ledgerError struct{}

func (*ledgerError) Error() string { return "the ledger's disk failed" }

// world is a model of the server, the disk, the ledger and the process.
type world struct {
	opMu   sync.Mutex // never held while another lock is taken
	faults []strike
	seen   []int // operations that each fault could have hit
	struck int   // faults that fell
	run    int   // the run that is under way, from 1
	dead   bool
	cancel context.CancelFunc
	lose   bool // what was not synced is forgotten at the restart

	mu          sync.Mutex // the server's
	msgs        []*mail
	uidl        bool
	pipelines   bool
	dropCommits bool // deletions come true when the line drops
	sessions    int
	noTOP       bool
	emptyTOP    bool           // TOP is answered with nothing
	firmTOP     bool           // TOP is never refused
	twoPlaces   bool           // the destination is a Maildir and a folder of files
	between     func(w *world) // what others do to the mailbox before the second session
	relearned   map[string]ledger.HeaderRow
	reused      *mail // bears the UIDL of one that is gone
	open        *simSession
	given       *simSession // open, and with nobody
	breaches    []string

	disk *faultfs.FS
	log  *simLedger
}

// mail is a message on the server, or one that was there.
type mail struct {
	uid   string
	text  string
	mark  triage.Mark
	gone  bool // from the server
	other bool // somebody else deleted it
}

const account = "pop3://ann@sim.example:110"

func newWorld(marks []triage.Mark) *world {
	w := &world{disk: faultfs.New(), log: newSimLedger(), uidl: true}
	w.log.w = w
	for i, mark := range marks {
		w.add(fmt.Sprintf("u%d", i), mark)
	}
	w.arm()
	return w
}

func (w *world) add(uid string, mark triage.Mark) {
	text := fmt.Sprintf("Subject: %s\r\n\r\n%s\r\n", uid, strings.Repeat(uid, 1+len(w.msgs)))
	w.msgs = append(w.msgs, &mail{uid: uid, text: text, mark: mark})
}

// reuse gives the UIDL and the size of a message that the commit deleted to a new one.
// Nobody has marked it yet.
func (w *world) reuse() {
	for _, m := range w.msgs {
		if m.gone && !m.other && w.reused == nil {
			w.reused = &mail{uid: m.uid, text: strings.ReplaceAll(m.text, "u", "v"), mark: triage.Skip}
			w.msgs = append(w.msgs, w.reused)
			return
		}
	}
}

// replace lets others delete a message that the commit would only delete by now, and the server give
// its UIDL and its size to a new one.
func (w *world) replace() {
	for i, m := range w.msgs {
		if w.reused == nil && !m.gone && (m.mark == triage.Delete || m.mark == triage.Move && w.run == 1 && w.onDisk(m)) {
			w.takeAway(i)
			w.reused = &mail{uid: m.uid, text: strings.ReplaceAll(m.text, "u", "v"), mark: triage.Skip}
			w.msgs = append(w.msgs, w.reused)
			return
		}
	}
}

func (w *world) arm() {
	w.disk.Inject(func(op faultfs.Op) error {
		if !slices.Contains(faultfs.Changes, op.Kind) {
			if w.isDead() {
				return faultfs.ErrKilled
			}
			return nil
		}
		switch w.op(onDisk) {
		case noBlow:
			return nil
		case noDisk:
			return syscall.EIO
		default:
			return faultfs.ErrKilled
		}
	})
}

func (w *world) isDead() bool {
	w.opMu.Lock()
	defer w.opMu.Unlock()
	return w.dead
}

// op is one operation; it says what befalls it.
func (w *world) op(p place) blow {
	w.opMu.Lock()
	defer w.opMu.Unlock()
	if w.dead {
		return kill
	}
	for i, f := range w.faults {
		if !f.blow.hits(p) {
			continue
		}
		if w.seen[i]++; w.seen[i] != f.at {
			continue
		}
		w.struck++
		switch f.blow {
		case kill, powerLoss:
			w.dead, w.lose = true, w.lose || f.blow == powerLoss
			return kill
		case leave:
			w.cancel()
		default:
			return f.blow
		}
	}
	return noBlow
}

// restart begins the process anew where it died, and the line is closed in any case.
func (w *world) restart() {
	if w.open != nil {
		w.open.drop()
	}
	w.given = nil
	if w.lose {
		w.disk.Restart(faultfs.Everything)
	}
	// Where only the process died, what it had not synced is still there, and can still be lost.
	w.dead, w.lose = false, false
	w.arm()
}

func (w *world) breachf(format string, args ...any) {
	w.breaches = append(w.breaches, fmt.Sprintf(format, args...))
}

// list is the mailbox as the server has it now.
func (w *world) list() []*mail {
	return slices.DeleteFunc(slices.Clone(w.msgs), func(m *mail) bool { return m.gone })
}

func (w *world) messages(list []*mail) []mailbox.Message {
	messages := make([]mailbox.Message, len(list))
	for i, m := range list {
		messages[i] = mailbox.Message{ID: mailbox.ID("\x00" + m.uid), Number: i + 1, Octets: int64(len(m.text))}
		if w.uidl {
			messages[i].ID, messages[i].UID, messages[i].Certain = mailbox.ID(m.uid), m.uid, true
		}
	}
	return messages
}

// happen lets others do what they do, once.
func (w *world) happen() {
	if w.between != nil {
		w.between(w)
		w.between = nil
	}
}

// take is the box's.
func (w *world) take(ctx context.Context, fresh bool) (session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s := w.given; s != nil {
		w.given = nil
		if !fresh && !s.cut {
			return s, nil
		}
		s.abort(nil)
	}
	switch w.op(onWire) {
	case kill:
		return nil, errDead
	case noBlow:
	default:
		return nil, errLineCut
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open != nil {
		w.breachf("a session is opened beside another")
	}
	if w.sessions++; w.sessions == 2 {
		w.happen()
	}
	list := w.list()
	s := &simSession{w: w, first: w.sessions == 1, snapshot: list, messages: mailbox.NewList(w.messages(list)), marked: map[int]bool{}, headers: map[int]io.Reader{}}
	w.open = s
	return s, nil
}

func (w *world) decode(header []byte) *message.Envelope {
	return new(message.Decoder{}.Envelope(header))
}

func (w *world) relearn(id mailbox.ID, octets int64, header []byte) {
	if w.relearned == nil {
		w.relearned = make(map[string]ledger.HeaderRow)
	}
	w.relearned[string(id)] = ledger.HeaderRow{UID: string(id), Octets: octets, Header: header}
}

func (w *world) learn(context.Context, []mailbox.ID) {}
func (w *world) written(context.Context)             {}
func (w *world) distrust(context.Context)            {}
func (w *world) fresh(mailbox.ID) bool               { return false }

func (w *world) envelope(mailbox.ID) *message.Envelope { return nil }

// places are the folders in which the destination puts messages.
func (w *world) places() []string {
	if w.twoPlaces {
		return []string{"/mail/new/", "/eml/"}
	}
	return []string{"/mail/new/"}
}

// copies counts the whole copies of each message in each of the places, and tells of anything else there.
func (w *world) copies() map[string]map[*mail]int {
	found := make(map[string]map[*mail]int)
	byText := make(map[string]*mail)
	for _, m := range w.msgs {
		byText[strings.ReplaceAll(m.text, "\r\n", "\n")] = m
	}
	files := w.disk.Files()
	for _, place := range w.places() {
		found[place] = make(map[*mail]int)
		for name, text := range files {
			file, ok := strings.CutPrefix(name, place)
			if !ok || strings.HasPrefix(file, ".") {
				continue // it is not finished
			}
			m, ok := byText[string(text)]
			if !ok {
				w.breachf("P2: %s holds %q, which is no whole message", name, text)
			}
			found[place][m]++
		}
	}
	return found
}

// onDisk tells whether a message's copy can be seen. Whether it survives a power
// failure is for the schedules that have one.
func (w *world) onDisk(m *mail) bool {
	want := strings.ReplaceAll(m.text, "\r\n", "\n")
	files := w.disk.Files()
	for _, place := range w.places() {
		there := false
		for name, text := range files {
			there = there || strings.HasPrefix(name, place) && !strings.HasPrefix(name, place+".") && string(text) == want
		}
		if !there {
			return false
		}
	}
	return true
}

// destination is where messages go, as a new process sees it.
func (w *world) destination() delivery.Destination {
	maildir := delivery.NewMaildir(w.disk, "/mail")
	if w.twoPlaces {
		return delivery.Multi(maildir, delivery.NewEML(w.disk, "/eml"))
	}
	return maildir
}
