package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"popmark/mailbox"
	"popmark/message"
)

func (a *app) checkCommand() *cobra.Command {
	var options targetOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "check TARGET",
		Short:   "Say what the server is, offers and does, and what is wrong",
		Example: "popmark check pop3s://user@host\npopmark check pop3://user@host --tls starttls --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return misused(cmd, "the TARGET is missing")
			case len(args) > 1:
				return tooMany(cmd, args[1:])
			}
			want := uses{anew: true}
			if asJSON {
				want.notify = func(mailbox.Event) {} // the warnings are in the object
			}
			target, err := options.configure(a, args[0])
			if err != nil {
				return err
			}
			b, err := a.prepare(target, &options, want)
			if err != nil {
				return err
			}
			return b.finish(cmd.Context(), a.check(cmd.Context(), b, asJSON))
		},
	}
	options.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	return cmd
}

func (a *app) check(ctx context.Context, b *opened, asJSON bool) error {
	list, err := b.open(ctx)
	if err != nil {
		return err
	}
	var noTOP error
	if !b.box.Info().TOP && len(list.Messages) > 0 {
		// Old servers have TOP without saying so; one message tells.
		_, err := b.box.Top(ctx, list.Messages[0].ID, 0)
		if err != nil && !mailbox.IsRefusal(err) && mailbox.ClassOf(err) != mailbox.Other {
			return b.fault("trying TOP on", err)
		}
		if !b.box.Info().TOP {
			noTOP = mailbox.WithoutTOP(err)
		}
	}
	trouble, err := b.tryHeaders(ctx, list)
	if err != nil {
		return err
	}
	info := b.box.Info()
	info.Warnings = append(info.Warnings, trouble...)
	info.Warnings = append(info.Warnings, remarks(info, noTOP, b.account.Local())...)
	if !asJSON {
		for _, w := range info.Warnings {
			a.warn(w)
		}
	}
	out := checkPlain(info)
	if asJSON {
		out = checkJSON(info)
	}
	_, err = a.out.Write(out)
	return err
}

// What check reads of a mailbox's headers: of so many messages, and of none that is larger, as some
// servers answer TOP with the whole.
const (
	triedHeaders = 16
	triedOctets  = 64 << 10
)

// tryHeaders asks for some headers, as list would, so that the mailbox sees how the server answers. It tells of
// what is wrong with single messages, besides refusals, of which the mailbox tells.
func (b *opened) tryHeaders(ctx context.Context, list *mailbox.List) (trouble []message.Safe, err error) {
	if !b.box.Info().TOP {
		return nil, nil
	}
	for header, err := range b.box.Headers(ctx, someMessages(list)) {
		if err != nil {
			return nil, b.fault("reading headers from", err)
		}
		at, ok := list.Find(header.ID)
		if !ok || header.Err == nil || mailbox.IsRefusal(header.Err) || errors.Is(header.Err, mailbox.ErrNoTOP) || errors.Is(header.Err, mailbox.ErrGone) {
			continue
		}
		trouble = append(trouble, message.MakeSafe(fmt.Sprintf("message %d: %v", list.Messages[at].Number, header.Err)))
	}
	return trouble, nil
}

// someMessages are some small messages from all over a list, the first and the last among them.
func someMessages(list *mailbox.List) []mailbox.ID {
	var small []mailbox.ID
	for i := range list.Messages {
		if list.Messages[i].Octets <= triedOctets {
			small = append(small, list.Messages[i].ID)
		}
	}
	if len(small) <= triedHeaders {
		return small
	}
	some := make([]mailbox.ID, triedHeaders)
	for i := range some {
		some[i] = small[i*(len(small)-1)/(triedHeaders-1)]
	}
	return some
}

// remarks are warnings about things that are no fault of any one answer.
func remarks(i mailbox.Info, noTOP error, local bool) []message.Safe {
	var all []message.Safe
	if i.TLS == "" && !local {
		all = append(all, "the connection is not encrypted: mail can be read on the way")
	}
	if noTOP != nil {
		all = append(all, message.MakeSafe(noTOP.Error()))
	}
	if effect, why := i.Retr(); effect == mailbox.RetrMarks {
		all = append(all, why)
	}
	if i.LoginDelay != "" && !strings.HasPrefix(string(i.LoginDelay), "0") {
		all = append(all, "LOGIN-DELAY "+i.LoginDelay+": the server wants so many seconds between two logins")
	}
	return all
}

func checkJSON(i mailbox.Info) []byte {
	var o object
	o.begin()
	o.text("greeting", i.Greeting)
	o.text("implementation", i.Implementation)
	o.list("capabilities", i.Capabilities)
	o.text("tls", message.Safe(i.TLS))
	o.text("auth", message.Safe(i.Auth))
	o.bool("apop", i.APOP)
	o.bool("uidl", i.UIDL)
	o.bool("top", i.TOP)
	o.bool("pipelining", i.Pipelining)
	o.bool("stls", i.STLS)
	o.int("messages", int64(i.Messages))
	o.int("octets", i.Octets)
	o.key("rtt_ms")
	o.b = fmt.Appendf(o.b, "%.3f", float64(i.RTT)/float64(time.Millisecond))
	o.list("warnings", i.Warnings)
	return o.end()
}

func checkPlain(i mailbox.Info) []byte {
	var out []byte
	row := func(name string, value any) {
		out = fmt.Appendf(out, "%-15s %v\n", name, value)
	}
	row("greeting", i.Greeting)
	if i.Implementation != "" {
		row("implementation", i.Implementation)
	}
	row("protection", i.Protection())
	row("login", i.Auth)
	row("UIDL", yesNo(i.UIDL))
	row("TOP", yesNo(i.TOP))
	row("PIPELINING", yesNo(i.Pipelining))
	row("STLS", yesNo(i.STLS))
	row("APOP", yesNo(i.APOP))
	if i.Expire != "" {
		row("EXPIRE", i.Expire)
	}
	_, why := i.Retr()
	row("RETR", why)
	if i.LoginDelay != "" {
		row("LOGIN-DELAY", strings.Replace(string(i.LoginDelay)+" s", " USER s", " s, each user has another", 1))
	}
	row("mailbox", fmt.Sprintf("%d messages, %s", i.Messages, size(i.Octets)))
	row("round trip", i.RTT.Round(10*time.Microsecond))
	for n, line := range i.Capabilities {
		name := ""
		if n == 0 {
			name = "capabilities"
		}
		row(name, line)
	}
	return out
}

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}
