package cli

import (
	"context"
	"fmt"
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
			to := sinks{}
			if asJSON {
				to.notify = func(mailbox.Event) {} // the warnings are in the object
			}
			b, err := a.prepare(args[0], &options, to)
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
	if _, err := b.open(ctx); err != nil {
		return err
	}
	info := b.box.Info()
	out := checkPlain(info)
	if asJSON {
		out = checkJSON(info)
	}
	_, err := a.out.Write(out)
	return err
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
	if i.LoginDelay != "" {
		row("LOGIN-DELAY", i.LoginDelay+" s")
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
