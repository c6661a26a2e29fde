package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

const peekLines = 40

func (a *app) peekCommand() *cobra.Command {
	var options targetOptions
	var view peekView
	cmd := &cobra.Command{
		Use:         "peek TARGET SELECTION",
		Short:       "Show what TOP gives of the selected messages",
		Example:     "popmark peek pop3s://user@host 3-5\npopmark peek pop3s://user@host subject:invoice --lines 100",
		Annotations: takesQuery,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return misused(cmd, "the TARGET and the SELECTION are missing")
			case len(args) == 1:
				return misused(cmd, "the SELECTION is missing")
			case view.lines < 0:
				return &usageError{"reading --lines", "it is negative", "write a number from 0 up"}
			}
			selection, err := triage.ParseSelection(queryOf(args[1:]), time.Now())
			if err != nil {
				return err
			}
			target, err := options.configure(a, args[0])
			if err != nil {
				return err
			}
			b, err := a.prepare(target, &options, uses{judges: selection.NeedsHeaders()})
			if err != nil {
				return err
			}
			return b.finish(cmd.Context(), a.peek(cmd.Context(), b, selection, view))
		},
	}
	options.register(cmd.Flags())
	cmd.Flags().IntVar(&view.lines, "lines", peekLines, "how many lines of the body to ask for")
	cmd.Flags().BoolVar(&view.raw, "raw", false, "show what came as it came, made safe to print")
	cmd.Flags().BoolVar(&view.json, "json", false, "write JSON Lines")
	return cmd
}

// peekView is how messages are shown.
type peekView struct {
	lines     int
	raw, json bool
}

func (a *app) peek(ctx context.Context, b *opened, selection *triage.Selection, view peekView) error {
	list, err := b.open(ctx)
	if err != nil {
		return err
	}
	b.tellUnfinished(ctx, a, list)
	var choices []choice
	err = inStanding(list, b.box.List, func(newest *mailbox.List) (err error) {
		list = newest
		choices, _, err = a.choose(ctx, b, list, []*triage.Selection{selection})
		return err
	})
	if err != nil {
		return err
	}
	selected := choices[0].selected
	for _, u := range choices[0].open {
		a.failed(fmt.Errorf("peeking at message %d: %w", list.Messages[u.at].Number, u.why("the query")))
	}
	ids := make([]mailbox.ID, len(selected))
	for i, at := range selected {
		ids[i] = list.Messages[at].ID
	}
	i := -1
	for top, err := range b.box.Tops(ctx, ids, view.lines) {
		i++
		m := &list.Messages[selected[i]]
		if err != nil {
			if ctx.Err() != nil || mailbox.ClassOf(err) != mailbox.Other {
				return b.fault(fmt.Sprintf("peeking at message %d in", m.Number), err)
			}
			next := "try it with fewer --lines"
			if !b.box.Info().TOP {
				next = "a server without TOP shows nothing before fetching, and commit --fetch leaves the message there"
			}
			a.failed(fmt.Errorf("peeking at message %d: %w: %s", m.Number, err, next))
			continue
		}
		if err := a.showPeek(b.decoder, m, top, view, i > 0); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) showPeek(d message.Decoder, m *mailbox.Message, top []byte, view peekView, apart bool) error {
	p := d.Preview(top)
	// A server that sends fewer lines than it was asked for has sent them all.
	part := p.BodyLines >= view.lines && p.Octets < m.Octets || len(top) >= mailbox.MaxTop
	var out []byte
	switch {
	case view.json:
		text := joinLines(p.Text)
		if view.raw {
			_, body := message.Split(top)
			text = joinLines(message.Raw(body))
		}
		out = peekJSON(m, d.Fields(top), text, p.Attachments, part)
	case view.raw:
		out = appendLines(nil, message.Raw(top))
	default:
		out = peekPlain(p, m, part)
	}
	if apart && !view.json {
		out = append([]byte("\n"+strings.Repeat("─", 40)+"\n\n"), out...)
	}
	_, err := a.out.Write(out)
	return err
}

func peekJSON(m *mailbox.Message, fields []message.Field, text string, files []message.Attachment, part bool) []byte {
	var o object
	o.begin()
	o.int("number", int64(m.Number))
	o.uid(m.UID)
	o.key("headers")
	o.b = append(o.b, '[')
	for i, f := range fields {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = append(o.b, '[')
		o.b = appendText(o.b, string(f.Name))
		o.b = append(o.b, ',')
		o.b = appendText(o.b, string(f.Value))
		o.b = append(o.b, ']')
	}
	o.b = append(o.b, ']')
	o.key("text")
	o.b = appendText(o.b, text)
	o.key("attachments")
	o.b = append(o.b, '[')
	for i, f := range files {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = append(o.b, `{"name":`...)
		o.b = appendText(o.b, string(f.Name))
		o.b = append(o.b, `,"type":`...)
		o.b = appendText(o.b, string(f.Type))
		o.b = append(o.b, '}')
	}
	o.b = append(o.b, ']')
	o.bool("truncated", part)
	return o.end()
}

// peekPlain shows the headers that matter, the text and the names of what is attached.
func peekPlain(p message.Preview, m *mailbox.Message, part bool) []byte {
	var out []byte
	for _, f := range p.Headers {
		out = fmt.Appendf(out, "%s: %s\n", f.Name, f.Value)
	}
	for _, f := range p.Findings {
		out = fmt.Appendf(out, "[%s%s]\n", f.Word, inParentheses(f.Reason))
	}
	out = append(out, '\n')
	out = appendLines(out, p.Text)
	for _, f := range p.Attachments {
		name := f.Name
		if name == "" {
			name = "(no name)"
		}
		out = fmt.Appendf(out, "[attached: %s, %s]\n", name, f.Type)
	}
	if part {
		out = fmt.Appendf(out, "[message %d goes on: %s of %s are shown]\n", m.Number, size(p.Octets), size(m.Octets))
	}
	return out
}

func inParentheses(reason message.Safe) message.Safe {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

func size(octets int64) string { return humanize.IBytes(uint64(max(octets, 0))) }

func appendLines(out []byte, lines []message.Safe) []byte {
	for _, l := range lines {
		out = append(out, l...)
		out = append(out, '\n')
	}
	return out
}

// joinLines makes one text with line feeds of lines that are safe each by itself.
func joinLines(lines []message.Safe) string { return string(appendLines(nil, lines)) }
