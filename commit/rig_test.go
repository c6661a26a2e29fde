package commit

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"popmark/delivery"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/pop3client"
	"popmark/pop3server"
	"popmark/triage"
)

// rig is a POP3 server on loopback, a ledger and a Maildir.
type rig struct {
	t      testing.TB
	server *pop3server.Server
	drop   *pop3server.Memory
	addr   net.Addr
	ledger *ledger.Ledger
	path   string
	dest   delivery.Destination
	limits pop3client.Limits
	// answerTimeout is the client's, where it is not 0.
	answerTimeout time.Duration
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// letter is message n; every line that begins with a dot is stuffed on the way.
func letter(n int) string {
	return fmt.Sprintf("From: a%d@example.org\r\nSubject: number %d\r\n\r\n.line %d\r\n%s\r\n", n, n, n, strings.Repeat("x", n))
}

func newRig(t testing.TB, messages int, options ...pop3server.Option) *rig {
	t.Helper()
	r := &rig{t: t, drop: pop3server.NewMemory(), path: filepath.Join(t.TempDir(), "mail")}
	for n := 1; n <= messages; n++ {
		r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n), []byte(letter(n))))
	}
	r.server = pop3server.New(append([]pop3server.Option{pop3server.WithUser("ann", "secret", r.drop)}, options...)...)
	var err error
	r.addr, err = r.server.Listen("127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, r.server.Close()) })
	r.ledger, err = ledger.OpenMemory()
	must(t, err)
	t.Cleanup(func() { must(t, r.ledger.Close()) })
	r.dest = delivery.NewMaildir(delivery.OS(), r.path)
	return r
}

// keepHeaders gives the rig a ledger in which a mailbox keeps headers.
func (r *rig) keepHeaders() {
	r.t.Helper()
	must(r.t, r.ledger.Close())
	var err error
	r.ledger, err = ledger.Open(r.t.TempDir())
	must(r.t, err)
}

// connect opens a mailbox, as a process of its own would.
func (r *rig) connect() *mailbox.Mailbox {
	r.t.Helper()
	return mailbox.New(mailbox.Config{
		Account: account, Ledger: r.ledger,
		Connect: func(ctx context.Context, hints mailbox.Hints) (mailbox.Connection, error) {
			o := &pop3client.Options{Limits: r.limits, AnswerTimeout: r.answerTimeout}
			if hints.NoPipelining {
				o.Pipelining = pop3client.PipeliningNever
			}
			c, err := pop3client.Dial(ctx, "tcp", r.addr.String(), o)
			if err != nil {
				return mailbox.Connection{}, err
			}
			how, err := c.Login(ctx, pop3client.Credentials{User: "ann", Password: "secret", Mechanism: pop3client.MechanismUser})
			if err != nil {
				_ = c.Close() // err says why
				return mailbox.Connection{}, err
			}
			return mailbox.Connection{Client: c, Mechanism: how}, nil
		},
	})
}

// order is one commit: marks by the UIDL's number, as --delete uid:… would give them.
type order struct {
	marks map[int]triage.Mark
	order triage.Order
	opts  Options
	ctx   context.Context
	// headers has the headers read first, as a query does.
	headers bool
	// plan changes the plan before it is carried out.
	plan func(*triage.Plan)
	// log stands between the commit and the rig's ledger, where it is not nil.
	log func(journal) journal
}

func marked(letters string) map[int]triage.Mark {
	marks := make(map[int]triage.Mark)
	for i, c := range letters {
		marks[i+1] = map[rune]triage.Mark{'D': triage.Delete, 'F': triage.Fetch, 'M': triage.Move}[c]
	}
	return marks
}

// planOf marks the messages of a list in their order.
func planOf(list *mailbox.List, letters string) triage.Plan {
	marks := marked(letters)
	return triage.NewPlan(list, func(i int) triage.Mark { return marks[i+1] }, triage.AsReceived)
}

type outcome struct {
	Summary
	events []Event
	err    error
}

func (o *outcome) count(k Kind) int {
	n := 0
	for _, ev := range o.events {
		if ev.Kind == k {
			n++
		}
	}
	return n
}

// shortPause is what every pause takes here: as long as the server may need to see that a session ended.
const shortPause = 10 * time.Millisecond

// commit opens the mailbox, marks what is there and carries it out. Pauses are short.
func (r *rig) commit(o order) *outcome {
	r.t.Helper()
	box := r.connect()
	defer func() { must(r.t, box.Close()) }()
	if o.ctx == nil {
		o.ctx = context.Background()
	}
	err := box.Open(o.ctx)
	// The server may not have noticed yet that the session before is over.
	for try := 0; try < 100 && err != nil && strings.Contains(err.Error(), "maildrop is locked by another session"); try++ {
		must(r.t, pauseFor(o.ctx, shortPause))
		err = box.Open(o.ctx)
	}
	if err != nil {
		return &outcome{err: err}
	}
	list := box.List()
	if o.headers {
		var ids []mailbox.ID
		for _, m := range list.Messages {
			ids = append(ids, m.ID)
		}
		for _, err := range box.Headers(o.ctx, ids) {
			must(r.t, err)
		}
	}
	plan := triage.NewPlan(list, func(i int) triage.Mark {
		var n int
		if _, err := fmt.Sscanf(list.Messages[i].UID, "uid-%d", &n); err != nil {
			n = list.Messages[i].Number
		}
		return o.marks[n]
	}, o.order)
	if o.plan != nil {
		o.plan(&plan)
	}
	o.opts.Account = account
	o.opts.Ledger = r.ledger
	if o.opts.Destination == nil {
		o.opts.Destination = r.dest
	}
	log := journal(r.ledger)
	if o.log != nil {
		log = o.log(log)
	}
	run := start(o.ctx, &engine{
		box: realBox{box}, log: log, plan: plan, opts: o.opts, now: time.Now,
		pause: func(ctx context.Context, _ time.Duration) error { return pauseFor(ctx, shortPause) },
	})
	out := &outcome{}
	for ev := range run.Events() {
		out.events = append(out.events, ev)
	}
	out.Summary, out.err = run.Wait()
	if last := out.events[len(out.events)-1]; last.Kind != Done || last.Summary == nil {
		r.t.Errorf("the last event is %v", last.Kind)
	}
	return out
}

// dialogue is what a session sent of what changes something, and its QUIT.
func (r *rig) dialogue(session int) string {
	var lines []string
	for _, line := range r.server.SessionCommands(session) {
		verb, _, _ := strings.Cut(line, " ")
		if slices.Contains([]string{"RETR", "DELE", "RSET", "QUIT"}, verb) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, ", ")
}

// copies are the numbers of the messages in the Maildir, one for each copy; what is no whole message is an error.
func (r *rig) copies() []int {
	r.t.Helper()
	var found []int
	for _, sub := range []string{"new", "cur"} {
		files, err := os.ReadDir(filepath.Join(r.path, sub))
		if err != nil {
			continue
		}
		for _, f := range files {
			text, err := os.ReadFile(filepath.Join(r.path, sub, f.Name()))
			must(r.t, err)
			found = append(found, r.which(string(text)))
		}
	}
	slices.Sort(found)
	return found
}

func (r *rig) which(text string) int {
	r.t.Helper()
	for n := range 100 {
		if strings.ReplaceAll(letter(n), "\r\n", "\n") == text {
			return n
		}
	}
	r.t.Errorf("%q is no whole message", text)
	return 0
}

func (r *rig) expect(copies []int, left ...string) {
	r.t.Helper()
	if got := r.copies(); !slices.Equal(got, copies) {
		r.t.Errorf("the Maildir has %v, want %v", got, copies)
	}
	if got := r.drop.UIDLs(); !slices.Equal(got, left) {
		r.t.Errorf("the server has %q, want %q", got, left)
	}
}
