package commit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
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
	dead   bool
	cancel context.CancelFunc
	lose   bool // what was not synced is forgotten at the restart

	mu          sync.Mutex // the server's
	msgs        []*mail
	uidl        bool
	pipelines   bool
	dropCommits bool // deletions come true when the line drops
	sessions    int
	between     func(w *world) // what others do to the mailbox before the second session
	open        *simSession
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
	for _, sub := range []string{"tmp", "new", "cur"} {
		w.disk.WriteFile("/mail/"+sub+"/.keep", nil)
	}
	w.arm()
	return w
}

func (w *world) add(uid string, mark triage.Mark) {
	text := fmt.Sprintf("Subject: %s\r\n\r\n%s\r\n", uid, strings.Repeat(uid, 1+len(w.msgs)))
	w.msgs = append(w.msgs, &mail{uid: uid, text: text, mark: mark})
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

// take is the box's.
func (w *world) take(ctx context.Context, _ bool) (session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
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
	if w.sessions++; w.sessions == 2 && w.between != nil {
		w.between(w)
	}
	list := w.list()
	s := &simSession{w: w, first: w.sessions == 1, snapshot: list, messages: mailbox.NewList(w.messages(list)), marked: map[int]bool{}}
	w.open = s
	return s, nil
}

func (w *world) envelope(mailbox.ID) *message.Envelope { return nil }

// simSession is one POP3 session.
type simSession struct {
	w        *world
	first    bool
	snapshot []*mail
	messages *mailbox.List
	marked   map[int]bool // deleted at QUIT
	cut      bool
	over     bool
}

func (s *simSession) list() *mailbox.List { return s.messages }
func (s *simSession) pipelines() bool     { return s.w.pipelines }
func (s *simSession) hasUIDL() bool       { return s.w.uidl }

// bind follows, without UIDL, only some messages from one session into another.
func (s *simSession) bind(id mailbox.ID) (mailbox.Message, error) {
	i, ok := s.messages.Find(id)
	switch {
	case ok && (s.w.uidl || s.first || len(s.snapshot[i].text)%2 == 0):
		return s.messages.Messages[i], nil
	case ok || !s.w.uidl:
		return mailbox.Message{}, mailbox.ErrUncertain
	}
	return mailbox.Message{}, mailbox.ErrGone
}

// do sends one command. The server carries it out unless the error says otherwise.
func (s *simSession) do(carryOut func(blow) error) error {
	if s.cut || s.over {
		return errLineCut
	}
	b := s.w.op(onWire)
	switch b {
	case kill:
		s.cut = true
		return errLineCut
	case cutBefore:
		s.cut = true
		return errLineCut
	}
	s.w.mu.Lock()
	err := carryOut(b)
	s.w.mu.Unlock()
	if b == cutAfter {
		s.cut = true
		return errLineCut
	}
	return err
}

// simAnswer is an answer; where commands are pipelined they are carried out when they are sent.
type simAnswer struct {
	s    *simSession
	send func() error
	err  error
	sent bool
	body io.Reader
}

func (s *simSession) command(send func() error) *simAnswer {
	a := &simAnswer{s: s, send: send}
	if s.w.pipelines {
		a.sent, a.err = true, send()
	}
	return a
}

func (a *simAnswer) answered(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !a.sent {
		a.sent, a.err = true, a.send()
	}
	if a.err == nil && a.s.cut {
		return errLineCut
	}
	return a.err
}

type simText struct{ *simAnswer }

func (a simText) wait(ctx context.Context) (io.Reader, error) {
	err := a.answered(ctx)
	if err != nil && a.body != nil {
		return a.body, nil // the cut comes inside the text
	}
	return a.body, err
}

type simWord struct{ *simAnswer }

func (a simWord) wait(ctx context.Context) error { return a.answered(ctx) }

func (s *simSession) retr(n int) textAnswer {
	var a *simAnswer
	a = &simAnswer{s: s, send: func() error {
		err := s.do(func(b blow) error {
			m := s.snapshot[n-1]
			if m.mark != triage.Fetch && m.mark != triage.Move {
				s.w.breachf("P1: RETR of %s, which is marked %s", m.uid, m.mark)
			}
			switch {
			case b == refuse:
				return errMinus
			case s.marked[n] || m.gone:
				return errMinus
			case b == cutAfter:
				a.body = io.MultiReader(strings.NewReader(m.text[:len(m.text)/2]), brokenReader{})
			default:
				a.body = strings.NewReader(m.text)
			}
			return nil
		})
		return err
	}}
	if s.w.pipelines {
		a.sent, a.err = true, a.send()
	}
	return simText{a}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errLineCut }

func (s *simSession) dele(n int) answer {
	return simWord{s.command(func() error {
		return s.do(func(b blow) error {
			m := s.snapshot[n-1]
			if m.mark != triage.Delete && m.mark != triage.Move {
				s.w.breachf("P1: DELE of %s, which is marked %s", m.uid, m.mark)
			}
			if m.mark == triage.Move && !s.w.onDisk(m) {
				s.w.breachf("P2: DELE of %s, which is not on the disk", m.uid)
			}
			if b == refuse {
				return errMinus
			}
			s.marked[n] = true
			return nil
		})
	})}
}

func (s *simSession) rset(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.do(func(b blow) error {
		if b == refuse {
			return errMinus
		}
		clear(s.marked)
		return nil
	})
}

func (s *simSession) quit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.do(func(b blow) error {
		for n, m := range s.snapshot {
			if s.marked[n+1] {
				m.gone = true
				if b == refuse {
					break
				}
			}
		}
		s.end()
		if b == refuse {
			return errMinus
		}
		return nil
	})
	if s.cut {
		s.w.mu.Lock()
		defer s.w.mu.Unlock()
		s.drop()
	}
	return err
}

func (s *simSession) end() {
	s.over = true
	if s.w.open == s {
		s.w.open = nil
	}
}

// drop is the line's end without QUIT.
func (s *simSession) drop() {
	if s.over {
		return
	}
	if s.w.dropCommits {
		for n, m := range s.snapshot {
			if s.marked[n+1] {
				m.gone = true
			}
		}
	}
	s.end()
}

func (s *simSession) abort(error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.drop()
}

func (s *simSession) give() { s.abort(nil) }

// copies counts the whole copies of each message in the destination, and tells of anything else there.
func (w *world) copies() map[string]int {
	found := make(map[string]int)
	byText := make(map[string]string)
	for _, m := range w.msgs {
		byText[strings.ReplaceAll(m.text, "\r\n", "\n")] = m.uid
	}
	for name, text := range w.disk.Files() {
		if strings.HasPrefix(name, "/mail/tmp/") || strings.HasSuffix(name, ".keep") {
			continue
		}
		uid, ok := byText[string(text)]
		if !ok {
			w.breachf("P2: %s holds %q, which is no whole message", name, text)
		}
		found[uid]++
	}
	return found
}

// onDisk tells whether a message's copy can be seen. Whether it survives a power
// failure is for the schedules that have one.
func (w *world) onDisk(m *mail) bool {
	want := strings.ReplaceAll(m.text, "\r\n", "\n")
	for name, text := range w.disk.Files() {
		if strings.HasPrefix(name, "/mail/new/") && string(text) == want {
			return true
		}
	}
	return false
}

// simLedger is a ledger whose every write is on the disk when it returns.
type simLedger struct {
	w       *world
	mu      sync.Mutex
	fetched map[ledger.FetchedKey]ledger.Fetched
	runs    map[int64]*ledger.Run
	nextRun int64
}

func newSimLedger() *simLedger {
	return &simLedger{fetched: map[ledger.FetchedKey]ledger.Fetched{}, runs: map[int64]*ledger.Run{}}
}

// write is one write, which happens wholly or not at all.
func (l *simLedger) write(do func()) error {
	switch l.w.op(inLedger) {
	case noBlow:
	case noDisk:
		return errLedger
	default:
		return errDead
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
	return nil
}

func (l *simLedger) Fetched(_ context.Context, _, destination string, uids []string) (map[ledger.FetchedKey]ledger.Fetched, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := maps.Clone(l.fetched)
	maps.DeleteFunc(found, func(k ledger.FetchedKey, _ ledger.Fetched) bool {
		return k.Destination != destination || !slices.Contains(uids, k.UID)
	})
	return found, nil
}

func (l *simLedger) RecordCopies(_ context.Context, _ string, run int64, copies []ledger.Fetched, safe []int) error {
	return l.write(func() {
		for _, f := range copies {
			l.fetched[f.Key()] = f
		}
		l.set(run, ledger.StepFetched, safe)
	})
}

func (l *simLedger) set(run int64, state ledger.StepState, seqs []int) {
	if r := l.runs[run]; r != nil {
		for _, seq := range seqs {
			r.Steps[seq].State = state
		}
	}
}

func (l *simLedger) Runs(context.Context, string) ([]ledger.Run, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var runs []ledger.Run
	for _, id := range slices.Sorted(maps.Keys(l.runs)) {
		runs = append(runs, *l.runs[id])
	}
	return runs, nil
}

func (l *simLedger) BeginRun(_ context.Context, run ledger.Run, resumed ...int64) (int64, error) {
	err := l.write(func() {
		for _, id := range resumed {
			delete(l.runs, id)
		}
		l.nextRun++
		run.ID = l.nextRun
		l.runs[run.ID] = &run
	})
	return run.ID, err
}

func (l *simLedger) SetSteps(_ context.Context, run int64, state ledger.StepState, seqs ...int) error {
	return l.write(func() { l.set(run, state, seqs) })
}

func (l *simLedger) SetKept(_ context.Context, run int64, seq int, path string) error {
	return l.write(func() { l.runs[run].Steps[seq].Kept = path })
}

func (l *simLedger) StepsDeleted(_ context.Context, run int64, seqs ...int) error {
	return l.write(func() {
		for _, seq := range seqs {
			uid := l.runs[run].Steps[seq].UID
			for _, m := range l.w.msgs {
				if uid != "" && m.uid == uid && !m.gone {
					l.w.breachf("P4: the ledger says that %s is deleted, and it is there", m.uid)
				}
			}
		}
		l.set(run, ledger.StepDeleted, seqs)
	})
}

func (l *simLedger) EndRun(_ context.Context, run int64) error {
	return l.write(func() { delete(l.runs, run) })
}

// maildir is the destination, as a new process sees it.
func (w *world) maildir() delivery.Destination {
	return delivery.NewMaildir(w.disk, "/mail")
}
