package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

func (a *app) historyCommand() *cobra.Command {
	var state stateOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:         "history [QUERY]",
		Short:       "List what was fetched and deleted, newest first",
		Example:     "popmark history from:boss newer:30d\npopmark history restore d7",
		Annotations: takesQuery,
		RunE: func(cmd *cobra.Command, args []string) error {
			query, err := triage.ParseQuery(queryOf(args), time.Now())
			if err != nil {
				return err
			}
			return a.withLedger(&state, func(l *ledger.Ledger) error {
				return a.history(cmd.Context(), l, query, asJSON)
			})
		},
	}
	state.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON Lines")
	cmd.AddCommand(a.restoreCommand())
	return cmd
}

func (a *app) restoreCommand() *cobra.Command {
	var state stateOptions
	var to destinationOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "restore ID",
		Short:   "Put the copy that --keep-deleted made of a deleted message where mail goes",
		Example: "popmark history restore d7\npopmark history restore d7 --to maildir:Mail",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return misused(cmd, "the ID is missing; \"popmark history\" shows it at the beginning of a line")
			case len(args) > 1:
				return tooMany(cmd, args[1:])
			}
			if _, err := a.configure(cmd.Flags(), ""); err != nil {
				return err
			}
			return a.withLedger(&state, func(l *ledger.Ledger) error {
				return a.restore(cmd.Context(), l, args[0], &to, &state, asJSON)
			})
		},
	}
	state.register(cmd.Flags())
	to.registerTo(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	return cmd
}

// withLedger lends the ledger.
func (a *app) withLedger(state *stateOptions, use func(*ledger.Ledger) error) error {
	if err := state.check(); err != nil {
		return err
	}
	l, err := a.openLedger(state)
	if err != nil {
		return err
	}
	err = use(l)
	if closed := l.Close(); err == nil {
		err = closed
	}
	return err
}

func (a *app) history(ctx context.Context, l *ledger.Ledger, query *triage.Query, asJSON bool) error {
	var o object
	for e, err := range l.History(ctx) {
		if err != nil {
			return &statusError{exitIO, err}
		}
		if !query.Match(historyRow(&e)) {
			continue
		}
		line := historyPlain(&e)
		if asJSON {
			line = historyJSON(&o, &e)
		}
		if _, err := a.out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// historyRow is what a query can ask of an entry.
func historyRow(e *ledger.Entry) triage.Row {
	return triage.Row{
		Message: &mailbox.Message{ID: mailbox.ID(e.UID), UID: e.UID, Octets: e.Octets},
		Envelope: &message.Envelope{
			From: message.Address{Name: e.About.From}, Subject: e.About.Subject,
			Date: e.About.Date, HasDate: !e.About.Date.IsZero(),
		},
	}
}

func historyJSON(o *object, e *ledger.Entry) []byte {
	o.begin()
	o.text("id", message.MakeSafe(e.ID))
	o.text("event", message.Safe(e.Kind.String()))
	o.date("at", e.At, true)
	o.exact("account", e.Account)
	o.uid(e.UID)
	o.int("octets", e.Octets)
	o.text("from", e.About.From)
	o.text("subject", e.About.Subject)
	o.date("date", e.About.Date, !e.About.Date.IsZero())
	o.exact("destination", e.Destination)
	o.exact("path", e.Path)
	o.exact("kept", e.Kept)
	o.list("lines", e.Lines)
	return o.end()
}

func historyPlain(e *ledger.Entry) []byte {
	line := fmt.Appendf(nil, "%-6s %s  %-7s  %8s  %s  %s  %s", message.MakeSafe(e.ID),
		e.At.Format("2006-01-02 15:04"), e.Kind, size(e.Octets), message.MakeSafe(e.Account),
		message.Wcwidth.Fit(e.About.From, senderCells), e.About.Subject)
	if e.Path != "" {
		line = fmt.Appendf(line, "  → %s", message.MakeSafe(e.Path))
	}
	if e.Kept != "" {
		line = append(line, "  (a copy is kept)"...)
	}
	return append(trimRight(line), '\n')
}
