package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"popmark/account"
	"popmark/message"
)

// accountCommand shows what the configuration file has. The file is written by hand.
func (a *app) accountCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "account",
		Short: "Named mailboxes, from popmark/config.toml in the XDG configuration folder",
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return misused(cmd, fmt.Sprintf("%q is none of list and sample", args[0]))
		}
		return misused(cmd, "say what to do: list or sample")
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "list",
			Short: "List the accounts: name and URL, the default one with an asterisk",
			Args:  cobra.NoArgs,
			RunE:  func(*cobra.Command, []string) error { return a.listAccounts() },
		},
		&cobra.Command{
			Use:     "sample",
			Short:   "Print a configuration file with every setting",
			Example: "popmark account sample > ~/.config/popmark/config.toml",
			Args:    cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error {
				_, err := a.out.Write(account.SampleConfig())
				return err
			},
		},
	)
	for _, name := range []string{"add", "remove", "login", "import"} {
		cmd.AddCommand(&cobra.Command{
			Use:                name,
			Hidden:             true,
			DisableFlagParsing: true,
			RunE: func(*cobra.Command, []string) error {
				return &statusError{exitUnavailable, errors.New("account " + name +
					": this version does not write the configuration file: write the account into it by hand, see \"popmark account sample\"")}
			},
		})
	}
	return cmd
}

func (a *app) listAccounts() error {
	c, err := account.ReadConfig(account.ConfigPath())
	if err != nil {
		return err
	}
	for _, name := range c.Names() {
		url, _, _ := c.Resolve(name)
		mark := " "
		if name == c.Default() {
			mark = "*"
		}
		if _, err := fmt.Fprintf(a.out, "%s %s  %s\n", mark, message.MakeSafe(name), message.MakeSafe(url)); err != nil {
			return err
		}
	}
	return nil
}
