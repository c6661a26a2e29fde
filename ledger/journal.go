package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"iter"
	"slices"
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

// ErrNoRun is returned where the journal does not have the run or the step that is to be
// written down: another popmark has taken the run up, or the ledger was set aside and begun anew.
var ErrNoRun = errors.New("the journal of this run is gone, another popmark has taken it up or the ledger was set aside: look with popmark list at what is left, and run it again")

// Placed is a step whose copy is in its place.
type Placed struct {
	Seq  int
	Kept string // the copy's path where it is in the bin, else ""
}

// Step is one message of a run.
type Step struct {
	Seq    int // its place in the run, from 0
	Number int // the message's, in the list that the run was asked for; 0 where it is not known
	UID    string
	// Certain is true where no other message bore the UIDL.
	Certain bool
	Octets  int64
	// Header is what the caller knew its header by when it was marked; zero where it was not known. The header
	// cache can't stand for it: when a run is taken up the cache may have another message's by then.
	Header [32]byte
	Mark   byte // the caller's own number
	State  StepState
	About  About
	Lines  []message.Safe // the first lines that TOP had shown
	Kept   string         // the path of the copy in the bin, "" where there is none
}

// A Run is a commit under way, or one that was broken off.
type Run struct {
	ID          int64
	Account     string
	Started     time.Time
	Destination string // canonical; "" where nothing is fetched
	// Request is what was asked for, in the caller's words: a run with the same one
	// takes this one up. It is "" where numbers and queries stood for nothing.
	Request string
	// Doubted is true where the server was seen, since the run began, to give UIDLs to other messages, or all messages
	// other UIDLs, see DoubtRuns.
	Doubted bool
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
		// Nobody reads at_end: the request says it.
		r, err := tx.ExecContext(ctx, "INSERT INTO run (account, started, at_end, destination, request, doubted) VALUES (?, ?, 0, ?, ?, ?)",
			account, run.Started.UnixNano(), run.Destination, run.Request, run.Doubted)
		if err != nil {
			return err
		}
		if id, err = r.LastInsertId(); err != nil {
			return err
		}
		put, err := tx.PrepareContext(ctx, `INSERT INTO step (run, seq, number, uid, certain, octets, header, mark, state, sender, subject, date, lines, kept)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		defer closeStatement(put)
		for i := range run.Steps {
			s := &run.Steps[i]
			_, err := put.ExecContext(ctx, id, s.Seq, s.Number, []byte(s.UID), s.Certain, s.Octets, known(s.Header), s.Mark, s.State,
				string(s.About.From), string(s.About.Subject), formatDate(s.About.Date), joinLines(s.Lines), s.Kept)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return id, err
}

// SetSteps writes down that steps, named by Seq, have come to state. The error is ErrNoRun where one is not there.
func (l *Ledger) SetSteps(ctx context.Context, run int64, state StepState, seqs ...int) error {
	return l.write(ctx, "writing the journal", func(tx *sql.Tx) error {
		return setSteps(ctx, tx, run, state, seqs)
	})
}

// SetHeaders writes down by what headers the messages of steps are known, by Seq, where that was not known when the
// run began. The error is ErrNoRun where one is not there.
func (l *Ledger) SetHeaders(ctx context.Context, run int64, headers map[int][sha256.Size]byte) error {
	return l.write(ctx, "writing the journal", func(tx *sql.Tx) error {
		for seq, header := range headers {
			if err := changed(tx.ExecContext(ctx, "UPDATE step SET header=? WHERE run=? AND seq=?", header[:], run, seq)); err != nil {
				return err
			}
		}
		return nil
	})
}

// changed gives ErrNoRun where a statement has changed no step.
func changed(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return cmp.Or(err, ErrNoRun)
	}
	return nil
}

func setSteps(ctx context.Context, tx *sql.Tx, run int64, state StepState, seqs []int) error {
	return eachStep(ctx, tx, run, seqs, statement{"UPDATE step SET state=? WHERE run=? AND seq BETWEEN ? AND ?", []any{state}, nil})
}

// RecordCopies keeps copies, beside what is known of earlier ones of the same messages, and
// writes down that the steps of run named in placed have come to StepFetched. A copy is
// recorded with Safe false before it is put into place, so that after a crash in between it
// is found and not made twice, and with Safe true afterwards. The error is ErrNoRun where a step is not there.
func (l *Ledger) RecordCopies(ctx context.Context, account string, run int64, copies []Fetched, placed []Placed) error {
	return l.write(ctx, "recording what is fetched", func(tx *sql.Tx) error {
		if err := putFetched(ctx, tx, account, copies); err != nil {
			return err
		}
		set, err := tx.PrepareContext(ctx, "UPDATE step SET state=?, kept=? WHERE run=? AND seq=?")
		if err != nil {
			return err
		}
		defer closeStatement(set)
		for _, p := range placed {
			if err := changed(set.ExecContext(ctx, StepFetched, p.Kept, run, p.Seq)); err != nil {
				return err
			}
		}
		return nil
	})
}

// StepsDeleted writes down that the messages of steps, named by Seq, are deleted
// on the server: in the journal, where every run of the account learns it, and in the
// history, which learns from the copies what the journal does not know of them. Their marks
// and headers are forgotten, since a UIDL may come back as another message's, and their copies are Spent. Where
// one's UIDL was its number all headers are: the numbers of others may be others now. Called twice for a step, it does nothing the
// second time. The error is ErrNoRun where a step is not there.
func (l *Ledger) StepsDeleted(ctx context.Context, run int64, seqs ...int) error {
	at := l.now().UnixNano()
	return l.eachStep(ctx, "recording what was deleted", run, seqs,
		statement{`INSERT OR IGNORE INTO deleted (run, seq, account, uid, octets, at, sender, subject, date, lines, kept)
			SELECT run, seq, run.account, step.uid, step.octets, ?, coalesce(f.sender, step.sender),
				coalesce(f.subject, step.subject), coalesce(f.date, step.date), lines, kept
			FROM step JOIN run ON run.id=step.run LEFT JOIN fetched f
				ON step.sender='' AND step.subject='' AND step.date=''
				AND f.account=run.account AND f.uid=step.uid AND f.octets=step.octets
			WHERE run=? AND seq BETWEEN ? AND ? AND state<>? ORDER BY f.id DESC`, []any{at}, []any{StepDeleted}},
		statement{"DELETE FROM mark WHERE (account, uid) IN (SELECT account, uid" + ofSteps + ")", nil, nil},
		statement{"DELETE FROM header WHERE (account, uid) IN (SELECT account, uid" + ofSteps + ")", nil, nil},
		statement{"DELETE FROM header WHERE account IN (SELECT account" + ofSteps + " AND uid=CAST(CAST(number AS TEXT) AS BLOB))", nil, nil},
		statement{"UPDATE fetched SET spent=1 WHERE (account, uid, octets) IN (SELECT account, uid, octets" + ofSteps + ")", nil, nil},
		statement{`UPDATE step SET state=? WHERE certain AND (uid, octets) IN (SELECT uid, octets` + ofSteps + ` AND certain)
			AND run IN (SELECT id FROM run WHERE account=(SELECT account` + ofSteps + "))", []any{StepDeleted}, nil},
		statement{"UPDATE step SET state=? WHERE run=? AND seq BETWEEN ? AND ?", []any{StepDeleted}, nil},
	)
}

// StepsKept takes back what StepsDeleted wrote down of steps, named by Seq, whose messages
// turned out to be on the server still. Marks do not come back. The error is ErrNoRun where a step is not there.
func (l *Ledger) StepsKept(ctx context.Context, run int64, seqs ...int) error {
	return l.eachStep(ctx, "recording what was not deleted", run, seqs,
		statement{"DELETE FROM deleted WHERE run=? AND seq BETWEEN ? AND ?", nil, nil},
		statement{"UPDATE fetched SET spent=0 WHERE (account, uid, octets) IN (SELECT account, uid, octets" + ofSteps + ")", nil, nil},
		statement{"UPDATE step SET state=? WHERE run=? AND seq BETWEEN ? AND ?", []any{StepPlanned}, nil},
	)
}

// ofSteps names a run's steps from one Seq to another.
const ofSteps = " FROM step JOIN run ON run.id=step.run WHERE run=? AND seq BETWEEN ? AND ?"

// statement is one that is carried out for a run's steps from one Seq to another. Run and
// the two Seqs stand in it as often as it asks for them, between what comes before and after.
type statement struct {
	text          string
	before, after []any
}

// eachStep carries statements out for a run's steps. The last has to change every one of them.
func (l *Ledger) eachStep(ctx context.Context, doing string, run int64, seqs []int, statements ...statement) error {
	return l.write(ctx, doing, func(tx *sql.Tx) error { return eachStep(ctx, tx, run, seqs, statements...) })
}

func eachStep(ctx context.Context, tx *sql.Tx, run int64, seqs []int, statements ...statement) error {
	prepared := make([]*sql.Stmt, len(statements))
	for i, s := range statements {
		var err error
		if prepared[i], err = tx.PrepareContext(ctx, s.text); err != nil {
			return err
		}
		defer closeStatement(prepared[i])
	}
	for from, to := range stretches(seqs) {
		var changed int64
		for i, s := range statements {
			args := slices.Clone(s.before)
			for range strings.Count(s.text, "run=? AND seq BETWEEN ? AND ?") {
				args = append(args, run, from, to)
			}
			r, err := prepared[i].ExecContext(ctx, append(args, s.after...)...)
			if err != nil {
				return err
			}
			if changed, err = r.RowsAffected(); err != nil {
				return err
			}
		}
		if changed != int64(to-from+1) {
			return ErrNoRun
		}
	}
	return nil
}

// stretches gives the first and the last of each stretch of seqs without a gap: a statement
// for many rows costs little more than one for a single row.
func stretches(seqs []int) iter.Seq2[int, int] {
	sorted := slices.Compact(slices.Sorted(slices.Values(seqs)))
	return func(yield func(int, int) bool) {
		for at := 0; at < len(sorted); {
			end := at + 1
			for end < len(sorted) && sorted[end] == sorted[end-1]+1 {
				end++
			}
			if !yield(sorted[at], sorted[end-1]) {
				return
			}
			at = end
		}
	}
}

// GiveUp writes down that a run's certain steps, those apart that are StepDeleted, are given up: all
// but those whose UIDLs are in except. The run stays, so that the same request is known for
// one that meant these messages.
func (l *Ledger) GiveUp(ctx context.Context, run int64, except map[string]bool) error {
	return l.write(ctx, "writing the journal", func(tx *sql.Tx) error {
		var seqs []int
		err := scanEach(ctx, tx, func(scan func(...any) error) error {
			var seq int
			var uid []byte
			err := scan(&seq, &uid)
			if !except[string(uid)] {
				seqs = append(seqs, seq)
			}
			return err
		}, "SELECT seq, uid FROM step WHERE run=? AND certain AND state<>?", run, StepDeleted)
		if err != nil {
			return err
		}
		return setSteps(ctx, tx, run, StepFailed, seqs)
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

// DoubtRuns writes down of all runs of an account that their UIDLs may name other messages by now, or none.
func (l *Ledger) DoubtRuns(ctx context.Context, account string) error {
	return l.write(ctx, "writing the journal", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE run SET doubted=1 WHERE account=(SELECT id FROM account WHERE key=?)", account)
		return err
	})
}

// Runs gives the account's runs that were begun and not ended, oldest first, with their steps in order.
func (l *Ledger) Runs(ctx context.Context, account string) ([]Run, error) {
	var runs []Run
	err := l.read(ctx, "reading the journal", func(db *sql.DB) error {
		runs = nil // of a ledger whose damage showed itself half-way through nothing counts
		id, err := accountID(ctx, db, account)
		if id == 0 || err != nil {
			return err
		}
		err = scanEach(ctx, db, func(scan func(...any) error) error {
			run := Run{Account: account}
			var started int64
			err := scan(&run.ID, &started, &run.Destination, &run.Request, &run.Doubted)
			run.Started = time.Unix(0, started)
			runs = append(runs, run)
			return err
		}, "SELECT id, started, destination, request, doubted FROM run WHERE account=? ORDER BY id", id)
		if err != nil {
			return err
		}
		for i := range runs {
			err := scanEach(ctx, db, func(scan func(...any) error) error {
				var s Step
				var uid, header []byte
				var date, lines string
				err := scan(&s.Seq, &s.Number, &uid, &s.Certain, &s.Octets, &header, &s.Mark, &s.State, &s.About.From, &s.About.Subject, &date, &lines, &s.Kept)
				s.UID, s.About.Date, s.Lines = string(uid), parseDate(date), splitLines(lines)
				copy(s.Header[:], header)
				runs[i].Steps = append(runs[i].Steps, s)
				return err
			}, "SELECT seq, number, uid, certain, octets, header, mark, state, sender, subject, date, lines, kept FROM step WHERE run=? ORDER BY seq", runs[i].ID)
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
