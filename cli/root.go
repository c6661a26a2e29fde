package cli

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

const long = `popmark decides what leaves a POP3 mailbox before any of it is downloaded.

It lists what waits on the server, lets you mark each message delete, fetch, move
(fetch, then delete) or skip, and on one word carries the marks out.

A TARGET is pop3s://user@host, pop3://user@host:port, pop://user;auth=+apop@host, or an
account's name from popmark/config.toml (see "popmark account sample").`

// firstSteps is what popmark says when it is told no mailbox and knows none.
const firstSteps = `popmark: no mailbox is set up yet. To begin:

  popmark demo                         look around in a sample mailbox
  popmark check pop3s://you@mail.host  see whether a server answers, and how
  popmark pop3s://you@mail.host        open your own mailbox; nothing is changed before you commit

The password is asked for at the terminal, or comes from --password-command or the
environment's POPMARK_PASSWORD.`

// root makes the whole tree of commands.
func (a *app) root() *cobra.Command {
	var options targetOptions
	var to destinationOptions
	var keep binOptions
	var how screenOptions
	root := &cobra.Command{
		Use:     "popmark [TARGET]",
		Short:   "Decide what leaves a POP3 mailbox before downloading it",
		Long:    long,
		Example: "popmark demo\npopmark pop3s://user@mail.example.org\npopmark list pop3s://user@mail.example.org larger:5M",
		Version: version(),
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				name, err := defaultAccount()
				switch {
				case err != nil:
					return err
				case name != "":
					return a.screen(cmd.Context(), name, &options, &to, &keep, &how)
				}
				a.complain(firstSteps)
				return &statusError{exitConfig, errors.New("opening the default account: there is none: give a TARGET such as pop3s://user@host")}
			case 1:
				return a.screen(cmd.Context(), args[0], &options, &to, &keep, &how)
			}
			return tooMany(cmd, args[1:])
		},
	}
	root.SetVersionTemplate("popmark {{.Version}}\n")
	options.register(root.Flags())
	to.register(root.Flags())
	keep.register(root.Flags())
	how.register(root.Flags())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return misused(cmd, inPlainWords(err.Error()))
	})
	root.AddCommand(
		a.demoCommand(), a.listCommand(), a.peekCommand(), a.commitCommand(), a.checkCommand(),
		a.historyCommand(), a.accountCommand(),
	)
	return root
}

// inPlainWords puts what Go says of a number or a duration that can't be read as a person would.
func inPlainWords(what string) string {
	if at := strings.Index(what, "strconv.Parse"); at >= 0 {
		return what[:at] + "it is no usable number"
	}
	if at := strings.Index(what, "time: "); at >= 0 {
		return what[:at] + "it is no duration such as 90s or 5m"
	}
	return what
}

// misused is a usage error that says where help is.
func misused(cmd *cobra.Command, what string) error {
	return &usageError{"reading the command line", what, fmt.Sprintf("see %q", cmd.CommandPath()+" --help")}
}

func tooMany(cmd *cobra.Command, extra []string) error {
	return misused(cmd, fmt.Sprintf("nothing is known to be done with %q", strings.Join(extra, " ")))
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	return v
}
