package ledger

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"popmark/message"
)

// StepState is how far a step of a run has come.
type StepState uint8

// The states of a step.
const (
	StepPlanned StepState = iota
	StepFetched           // its copy is safe
	StepAsked             // a QUIT that makes its DELE true is about to be sent, or was: the server knows whether it is deleted
	StepDeleted           // QUIT was answered +OK, or the message was seen to be gone
	StepFailed            // given up; the message is as it was
)

// Step is one message of a run.
type Step struct {
	Seq    int // its place in the run, from 0
	Number int // the message's, in the list that the run was asked for; 0 where it is not known
	UID    string
	// Certain is true where no other message bore the UIDL.
	Certain bool
	Octets  int64
	Mark    byte // the caller's own number
	State   StepState
	About   About
	Lines   []message.Safe // the first lines that TOP had shown
	Kept    string         // the path of the copy in the bin, "" where there is none
}

// A Run is a commit under way, or one that was broken off.
type Run struct {
	ID          int64
	Account     string
	Started     time.Time
	AtEnd       bool
	Destination string // canonical; "" where nothing is fetched
	// Request is what was asked for, in the caller's words: a run with the same one
	// takes this one up. It is "" where numbers and queries stood for nothing.
	Request string
	Steps   []Step
}

// BeginRun writes a run and its steps down, and forgets the runs that resumed
// lists. It gives the run's ID.
func (l *Ledger) BeginRun(ctx context.Context, run Run, resumed ...int64) (int64, error) {
	var id int64
	err := l.write(ctx, "writing the journal", func(tx *sql.Tx) error {
		account, err := addAccount(ctx, tx, run.Account)
		if err != nil {
			return err
		}
		for _, old := range resumed {
			if _, err := tx.ExecContext(ctx, "DELETE FROM run WHERE id=?", old); err != nil {
				return err
			}
		}
		r, err := tx.ExecContext(ctx, "INSERT INTO run (account, started, at_end, destination, request) VALUES (?, ?, ?, ?, ?)",
			account, run.Started.UnixNano(), run.AtEnd, run.Destination, run.Request)
		if err != nil {
			return err
		}
		if id, err = r.LastInsertId(); err != nil {
			return err
		}
		put, err := tx.PrepareContext(ctx, `INSERT INTO step (run, seq, number, uid, certain, octets, mark, state, sender, subject, date, lines, kept)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		defer closeStatement(put)
		for i := range run.Steps {
			s := &run.Steps[i]
			_, err := put.ExecContext(ctx, id, s.Seq, s.Number, []byte(s.UID), s.Certain, s.Octets, s.Mark, s.State,
				string(s.About.From), string(s.About.Subject), formatDate(s.About.Date), joinLines(s.Lines), s.Kept)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return id, err
}

// SetSteps writes down that steps, named by Seq, have come to state.
func (l *Ledger) SetSteps(ctx context.Context, run int64, state StepState, seqs ...int) error {
	return l.write(ctx, "writing the journal", func(tx *sql.Tx) error {
		return setSteps(ctx, tx, run, state, seqs)
	})
}

func setSteps(ctx context.Context, tx *sql.Tx, run int64, state StepState, seqs []int) error {
	set, err := tx.PrepareContext(ctx, "UPDATE step SET state=? WHERE run=? AND seq=?")
	if err != nil {
		return err
	}
	defer closeStatement(set)
	for _, seq := range seqs {
		if _, err := set.ExecContext(ctx, state, run, seq); err != nil {
			return err
		}
	}
	return nil
}

// RecordCopies does the work of PutFetched and of SetSteps in one go: it keeps
// copies, and writes down that the steps of run named in safe have come to
// StepFetched.
func (l *Ledger) RecordCopies(ctx context.Context, account string, run int64, copies []Fetched, safe []int) error {
	return l.write(ctx, "recording what is fetched", func(tx *sql.Tx) error {
		if err := putFetched(ctx, tx, account, copies); err != nil {
			return err
		}
		return setSteps(ctx, tx, run, StepFetched, safe)
	})
}

// SetKept writes down where a message's copy in the bin is.
func (l *Ledger) SetKept(ctx context.Context, run int64, seq int, path string) error {
	return l.write(ctx, "writing the journal", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE step SET kept=? WHERE run=? AND seq=?", path, run, seq)
		return err
	})
}

// StepsDeleted writes down that the messages of steps, named by Seq, are deleted
// on the server: in the journal, and in the history, which learns from the copies what
// the journal does not know of them. Their marks are forgotten.
// Called twice for a step, it does nothing the second time.
func (l *Ledger) StepsDeleted(ctx context.Context, run int64, seqs ...int) error {
	return l.write(ctx, "recording what was deleted", func(tx *sql.Tx) error {
		put, err := tx.PrepareContext(ctx, `INSERT OR IGNORE INTO deleted (run, seq, account, uid, octets, at, sender, subject, date, lines, kept)
			SELECT run, seq, run.account, step.uid, step.octets, ?, coalesce(f.sender, step.sender),
				coalesce(f.subject, step.subject), coalesce(f.date, step.date), lines, kept
			FROM step JOIN run ON run.id=step.run LEFT JOIN fetched f
				ON step.sender='' AND step.subject='' AND step.date=''
				AND f.account=run.account AND f.uid=step.uid AND f.octets=step.octets
			WHERE run=? AND seq=?`)
		if err != nil {
			return err
		}
		defer closeStatement(put)
		unmark, err := tx.PrepareContext(ctx, `DELETE FROM mark WHERE (account, uid) IN
			(SELECT account, uid FROM step JOIN run ON run.id=step.run WHERE run=? AND seq=?)`)
		if err != nil {
			return err
		}
		defer closeStatement(unmark)
		at := l.now().UnixNano()
		for _, seq := range seqs {
			if _, err := put.ExecContext(ctx, at, run, seq); err != nil {
				return err
			}
			if _, err := unmark.ExecContext(ctx, run, seq); err != nil {
				return err
			}
		}
		return setSteps(ctx, tx, run, StepDeleted, seqs)
	})
}

// EndRun forgets a run that needs no taking up. A power failure may bring it back, as one
// whose steps are all done.
func (l *Ledger) EndRun(ctx context.Context, run int64) error {
	return l.writeCache(ctx, "closing the journal", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM run WHERE id=?", run)
		return err
	})
}

// Runs gives the account's runs that were begun and not ended, oldest first, with their steps in order.
func (l *Ledger) Runs(ctx context.Context, account string) ([]Run, error) {
	var runs []Run
	err := l.read(ctx, "reading the journal", func(db *sql.DB) error {
		id, err := accountID(ctx, db, account)
		if id == 0 || err != nil {
			return err
		}
		err = scanEach(ctx, db, func(scan func(...any) error) error {
			run := Run{Account: account}
			var started int64
			err := scan(&run.ID, &started, &run.AtEnd, &run.Destination, &run.Request)
			run.Started = time.Unix(0, started)
			runs = append(runs, run)
			return err
		}, "SELECT id, started, at_end, destination, request FROM run WHERE account=? ORDER BY id", id)
		if err != nil {
			return err
		}
		for i := range runs {
			err := scanEach(ctx, db, func(scan func(...any) error) error {
				var s Step
				var uid []byte
				var date, lines string
				err := scan(&s.Seq, &s.Number, &uid, &s.Certain, &s.Octets, &s.Mark, &s.State, &s.About.From, &s.About.Subject, &date, &lines, &s.Kept)
				s.UID, s.About.Date, s.Lines = string(uid), parseDate(date), splitLines(lines)
				runs[i].Steps = append(runs[i].Steps, s)
				return err
			}, "SELECT seq, number, uid, certain, octets, mark, state, sender, subject, date, lines, kept FROM step WHERE run=? ORDER BY seq", runs[i].ID)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return runs, err
}

// A Safe line holds no newline, so one can stand between two.
func joinLines(lines []message.Safe) string {
	texts := make([]string, len(lines))
	for i, line := range lines {
		texts[i] = string(line)
	}
	return strings.Join(texts, "\n")
}

func splitLines(text string) []message.Safe {
	if text == "" {
		return nil
	}
	var lines []message.Safe
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, message.Safe(line))
	}
	return lines
}
