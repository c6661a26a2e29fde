package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// accountCommand answers for accounts in a configuration file, which this version does
// not read: it says so, and what does the same now.
func (a *app) accountCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "account",
		Short: "Named mailboxes (this version knows TARGETs that are URLs)",
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return misused(cmd, fmt.Sprintf("%q is none of add, list, remove, login, import and sample", args[0]))
		}
		return misused(cmd, "say what to do: add, list, remove, login, import or sample")
	}
	for _, name := range []string{"add", "list", "remove", "login", "import", "sample"} {
		cmd.AddCommand(&cobra.Command{
			Use:                name,
			Hidden:             true,
			DisableFlagParsing: true,
			RunE: func(*cobra.Command, []string) error {
				return &statusError{exitUnavailable, errors.New("account " + name +
					": this version has no configuration file: give the mailbox as a URL, such as pop3s://user@host, and its password with --password-command")}
			},
		})
	}
	return cmd
}
