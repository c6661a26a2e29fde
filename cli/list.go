package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

func (a *app) listCommand() *cobra.Command {
	var options targetOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:         "list TARGET [QUERY]",
		Short:       "List the messages, one line each",
		Example:     "popmark list pop3s://user@host\npopmark list pop3s://user@host larger:5M -from:boss --json",
		Annotations: takesQuery,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misused(cmd, "the TARGET is missing")
			}
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(listGC)
			}
			query, err := triage.ParseQuery(queryOf(args[1:]), time.Now())
			if err != nil {
				return err
			}
			target, err := options.configure(a, args[0])
			if err != nil {
				return err
			}
			want := uses{soon: true, judges: query.NeedsHeaders()}
			if everything := len(args) == 1; everything || query.NeedsHeaders() {
				want.guess = mailbox.GuessNew
			}
			b, err := a.prepare(target, &options, want)
			if err != nil {
				return err
			}
			if isNumbers(args[1:]) {
				a.warn("reading the query: numbers are words in it, which the messages are searched for: to see single messages, give peek their numbers")
			}
			return b.finish(cmd.Context(), a.list(cmd.Context(), b, query, asJSON))
		},
	}
	options.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON Lines")
	return cmd
}

// isNumbers tells whether a query looks like a choice of messages by their numbers.
func isNumbers(words []string) bool { return len(words) == 1 && isRange(words[0]) }

// isRange tells whether a word looks like several message numbers.
func isRange(word string) bool {
	if strings.Trim(word, "0123456789,-") != "" || !strings.ContainsAny(word, ",-") {
		return false
	}
	_, err := time.Parse(time.DateOnly, word)
	return err != nil && strings.Trim(word, ",-") != ""
}

// seenAtOnce is how many messages are remembered as seen at a time.
const seenAtOnce = 10_000

// listGC is how much garbage, in percent of what lives, may pile up while headers are read: a
// tenth of the processor's work went into looking for it. Large mailboxes are held by memoryLimit.
const listGC = 800

func (a *app) list(ctx context.Context, b *opened, query *triage.Query, asJSON bool) error {
	list, err := b.open(ctx)
	if err != nil {
		return err
	}
	reminded := make(chan struct{})
	defer func() { <-reminded }()
	go func() { // beside the first headers
		defer close(reminded)
		b.tellUnfinished(ctx, a, list)
	}()
	show := a.plainRows(list)
	if asJSON {
		show = a.jsonRows()
	}
	l := lister{app: a, box: b, query: query, reminded: reminded, show: show}
	var looked map[mailbox.ID]struct{} // once there is a second list
	for try := 1; ; try++ {
		if err := l.pass(ctx, list, looked); err != nil {
			return err
		}
		newest := b.box.List()
		if !unseen(newest, list, l.gone) {
			a.tellGone(list, l.gone)
			return a.out.Flush() // what is left to do need not be waited for
		}
		if try == mostChoices {
			return errListChanged
		}
		if looked == nil {
			looked = make(map[mailbox.ID]struct{}, len(list.Messages))
		}
		for i := range list.Messages {
			looked[list.Messages[i].ID] = struct{}{}
		}
		for _, h := range l.gone {
			delete(looked, h.ID)
		}
		list = newest
	}
}

// lister lists the messages that a query selects.
type lister struct {
	app   *app
	box   *opened
	query *triage.Query
	// reminded is closed when it was told what a commit has left undone, which comes before the first row.
	reminded <-chan struct{}
	show     func(triage.Row) error
	gone     []mailbox.Header // of the last pass: what went while it read
}

// pass lists those of a list that were not looked at yet.
func (l *lister) pass(ctx context.Context, list *mailbox.List, looked map[mailbox.ID]struct{}) error {
	ids := make([]mailbox.ID, 0, len(list.Messages))
	for i := range list.Messages {
		m := &list.Messages[i]
		// Where LIST tells enough, no header is asked for that is not shown.
		if _, was := looked[m.ID]; !was && (l.query.NeedsHeaders() || l.query.Match(triage.Row{Message: m})) {
			ids = append(ids, m.ID)
		}
	}
	l.gone = nil
	open := openMessages{list: list, unsure: l.query.Unsure}
	next, shown := 0, make([]mailbox.ID, 0, min(len(ids), seenAtOnce))
	for header, err := range l.box.box.PassHeaders(ctx, ids) {
		if err != nil {
			return l.box.fault("reading headers from", err)
		}
		if err := lostTrack(header); err != nil {
			return err
		}
		if errors.Is(header.Err, mailbox.ErrGone) {
			l.gone = append(l.gone, header)
			continue
		}
		at, ok := list.FindNext(header.ID, next)
		if !ok {
			continue // it went while the line was taken up again
		}
		next = at + 1
		row := triage.Row{Message: &list.Messages[at], Envelope: header.Envelope}
		if header.Err != nil && l.query.Unsure(row) {
			open.without(header)
			continue
		}
		if !l.query.Match(row) {
			continue
		}
		<-l.reminded
		if header.Err != nil && (l.query.NeedsHeaders() || !errors.Is(header.Err, mailbox.ErrNoTOP)) { // of that the mailbox warns once
			l.app.warn(withoutHeader(row.Message, header.Err))
		}
		if err := l.show(row); err != nil {
			return err
		}
		if shown = append(shown, header.ID); len(shown) == seenAtOnce {
			l.box.box.MarkSeen(shown)
			shown = make([]mailbox.ID, 0, seenAtOnce)
		}
	}
	l.box.box.MarkSeen(shown)
	left, err := open.end(l.box)
	for _, u := range left {
		l.app.failed(fmt.Errorf("listing message %d: %w", list.Messages[u.at].Number, u.why("the query")))
	}
	return err
}

// withoutHeader is said of a message that is shown all the same; where there is no TOP at all, once.
func withoutHeader(m *mailbox.Message, err error) message.Safe {
	if errors.Is(err, mailbox.ErrNoTOP) {
		return message.MakeSafe(err.Error())
	}
	return message.MakeSafe(fmt.Sprintf("message %d: %v: it is shown without its header", m.Number, err))
}

// jsonRows gives a printer of JSON Lines.
func (a *app) jsonRows() func(triage.Row) error {
	var o object
	var none message.Envelope
	return func(r triage.Row) error {
		e := r.Envelope
		if e == nil {
			e = &none
		}
		o.begin()
		o.int("number", int64(r.Message.Number))
		o.uid(r.Message.UID)
		o.int("size", max(r.Message.Octets, 0))
		o.text("from_name", e.From.Name)
		o.text("from_address", e.From.Address)
		o.addresses("to", e.To)
		o.text("subject", e.Subject)
		o.date("date", e.Date, e.HasDate)
		o.text("message_id", e.MessageID)
		o.text("mark", message.Safe(r.Mark.String()))
		o.bool("is_new", r.Message.New)
		_, err := a.out.Write(o.end())
		return err
	}
}

const senderCells = 24

// plainRows gives a printer of lines for people: number, size, date, sender, what speaks against the message, subject.
func (a *app) plainRows(list *mailbox.List) func(triage.Row) error {
	digits := 1
	if n := len(list.Messages); n > 0 {
		digits = len(strconv.Itoa(list.Messages[n-1].Number))
	}
	width := a.terminalWidth()
	var line []byte
	return func(r triage.Row) error {
		date, sender, warnings, subject := "", message.Safe("(no header)"), message.Safe(""), message.Safe("")
		if e := r.Envelope; e != nil {
			sender, warnings, subject = e.From.Name, warningsOf(e), e.Subject
			if sender == "" {
				sender = e.From.Address
			}
			if e.HasDate {
				date = e.Date.Format("2006-01-02 15:04")
			}
		}
		line = fmt.Appendf(line[:0], "%*d  %8s  %-16s  %s  %s%s", digits, r.Message.Number,
			humanize.IBytes(uint64(max(r.Message.Octets, 0))), date, message.Wcwidth.Fit(sender, senderCells), warnings, subject)
		line = append(trimRight(line), '\n')
		if width > 0 {
			line = append([]byte(message.Wcwidth.Truncate(message.Safe(line[:len(line)-1]), width)), '\n')
		}
		_, err := a.out.Write(line)
		return err
	}
}

// warningsOf is what the header says against its message, "[dmarc fail, spam 12.3] "; nothing for most.
func warningsOf(e *message.Envelope) message.Safe {
	warnings := e.Warnings()
	if len(warnings) == 0 {
		return ""
	}
	all := warnings[0]
	for _, w := range warnings[1:] {
		all += ", " + w
	}
	return "[" + all + "] "
}

// terminalWidth is the width of standard output in cells; 0 where it is no terminal.
func (a *app) terminalWidth() int {
	f, ok := a.streams.Out.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

func trimRight(line []byte) []byte {
	for len(line) > 0 && line[len(line)-1] == ' ' {
		line = line[:len(line)-1]
	}
	return line
}
