package commit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"popmark/delivery"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/triage"
)

// findCopies sees which messages need not be fetched. It gives the records that
// turned out to be true although the run that made them never said so.
//
// A message counts as fetched by account, UIDL, size and destination. Before one
// is deleted its copy must be there; one that stays on the server may have been
// read and thrown away. What a run that was broken off has taken for the same end
// is not copied again even where a destination can't look for it.
func (e *engine) findCopies(ctx context.Context, steps []*step, runs []ledger.Run) ([]ledger.Fetched, error) {
	taken := copiesOf(runs, e.destination())
	var confirmed []ledger.Fetched
	for key, uids := range uidsOf(steps) {
		records, err := e.log.Fetched(ctx, e.opts.Account, key, uids)
		if err != nil {
			return nil, err
		}
		for _, st := range steps {
			brokenOff := !st.binned && taken[made{st.Message.UID, st.Mark}]
			again := e.opts.Again && !st.binned && !(brokenOff && e.opts.TakesUp)
			if st.key != key || !st.Message.Certain || again {
				continue
			}
			record, ok := st.recordIn(records)
			if !ok {
				continue
			}
			receipt := receiptOf(&record)
			switch {
			case record.Safe && !st.Mark.Deletes():
				st.copied = true
				if record.Octets != st.Message.Octets { // the next run need not look at its header again
					record.Octets = st.Message.Octets
					confirmed = append(confirmed, record)
				}
			case record.Safe && !brokenOff:
				st.copied = st.dest.Find(ctx, receipt)
				if err := ctx.Err(); err != nil {
					return nil, err // the answer may be of that
				}
			default:
				if st.copied, err = st.dest.Secure(ctx, receipt); err != nil {
					return nil, err
				}
				if st.copied {
					record.Safe = true
					confirmed = append(confirmed, record)
				}
			}
			if st.copied {
				st.known, st.path, st.received, st.spent, st.print = true, record.Path, record.Received, record.Spent, record.Header
			} else {
				st.prior, st.print, st.spent = &receipt, record.Header, record.Spent
			}
		}
	}
	return confirmed, nil
}

// ErrUIDLMissing is returned where a server has UIDL and gives none for once: it would not be known what was fetched.
var ErrUIDLMissing = errors.New("looking what was fetched: it is known by UIDL, which the server has, and refuses this time: run it again later, or fetch it all the same with --again")

// knowsFetched sees whether messages that are to be fetched would be known for fetched.
func (e *engine) knowsFetched(ctx context.Context, s session) error {
	fetches := slices.ContainsFunc(e.steps, func(st *step) bool { return st.dest != nil && !st.binned })
	if !fetches || e.opts.Again || s.hasUIDL() || !s.listsUIDL() {
		return nil
	}
	named, err := e.log.NamesCopies(ctx, e.opts.Account, e.destination())
	if err != nil || !named {
		return err
	}
	return ErrUIDLMissing
}

// destination is the destination's name, "" where nothing is fetched.
func (e *engine) destination() string {
	if e.opts.Destination == nil {
		return ""
	}
	return e.opts.Destination.String()
}

func receiptOf(f *ledger.Fetched) delivery.Receipt {
	return delivery.Receipt{Name: f.Name, Path: f.Path, Octets: f.Received, SHA256: f.SHA256}
}

// begin writes the plan down, and what earlier runs left open is settled first.
func (e *engine) begin(ctx context.Context, s session) error {
	runs, err := e.log.Runs(ctx, e.opts.Account)
	if err != nil {
		return err
	}
	missed := e.missed(s, runs)
	if err := e.settle(ctx, s, runs); err != nil {
		return err
	}
	e.started = e.now()
	run := ledger.Run{
		Account: e.opts.Account, Started: e.started, Destination: e.destination(), Request: e.opts.Request,
		Steps: make([]ledger.Step, len(e.steps)),
	}
	if err := e.findGrown(ctx, s); err != nil {
		return err
	}
	confirmed, err := e.findCopies(ctx, slices.Concat(e.steps, missed), runs)
	if err != nil {
		return err
	}
	before, asked := aboutsOf(runs), askedOf(runs)
	remembered, err := e.recall(ctx, leftOf(runs, e.opts.Request))
	if err != nil {
		return err
	}
	for i, st := range e.steps {
		run.Steps[i] = ledger.Step{
			Seq: i, Number: st.Message.Number, UID: st.Message.UID, Certain: st.Message.Certain, Octets: st.octets(), Mark: byte(st.Mark),
			Header: st.imprint, About: about(e.box.envelope(st.Message.ID)),
		}
		if e.opts.Lines != nil && st.Mark.Deletes() {
			run.Steps[i].Lines = e.opts.Lines(st.Message.ID)
		}
		if run.Steps[i].About == (ledger.About{}) && st.Message.Certain {
			run.Steps[i].About = cmp.Or(before[st.Message.UID], remembered[st.Message.UID])
		}
		if st.prior != nil && !st.spent && st.mine && st.imprint == noPrint && st.print != noPrint {
			st.awaited, st.lost = st.print, true // all that is known of the message that the run means
		}
		if st.copied {
			run.Steps[i].State, run.Steps[i].Kept = ledger.StepFetched, st.placed(st.path).Kept
		} else if st.dest != nil {
			e.total += max(st.Message.Octets, 0)
		}
		key := ledger.FetchedKey{UID: st.Message.UID, Octets: st.octets()}
		if asked[key] && st.Message.Certain && st.Mark.Deletes() {
			// What that run's QUIT did is not known, and the server may have used the UIDL again.
			st.doubt, st.noted, run.Steps[i].State = true, true, ledger.StepAsked
		}
	}
	for _, left := range e.opts.Left {
		left.Seq = len(run.Steps)
		run.Steps = append(run.Steps, left)
	}
	for i := range runs { // what is left of them may be named anew still
		if runs[i].Request == e.opts.Request {
			run.Doubted = run.Doubted || runs[i].Doubted
			e.doubted = e.doubted || namedAnew(runs[i].Steps, runs[i].Doubted, s.list())
		}
	}
	if e.run, err = e.log.BeginRun(ctx, run, e.takenOver(runs)...); err != nil {
		return err
	}
	if err := e.giveUpOthers(ctx, runs); err != nil {
		return err
	}
	for _, st := range missed {
		if !st.copied {
			e.fail(st, mailbox.ErrGone)
		}
	}
	if len(confirmed) > 0 {
		return e.log.RecordCopies(ctx, e.opts.Account, e.run, confirmed, nil)
	}
	return nil
}

// missed gives steps of the broken run that is taken up whose messages it was to fetch, and which
// are gone. Some may be in place, where that run was killed before it could write it down.
func (e *engine) missed(s session, runs []ledger.Run) []*step {
	if !e.opts.TakesUp || e.opts.Destination == nil || !tellsAll(s) {
		return nil
	}
	there := uidsIn(s)
	var plan triage.Plan
	for i := range runs {
		if runs[i].Request != e.opts.Request || namedAnew(runs[i].Steps, runs[i].Doubted, s.list()) {
			continue
		}
		for _, st := range runs[i].Steps {
			if mark := triage.Mark(st.Mark); st.State == ledger.StepPlanned && mark.Downloads() && st.Certain && !there[st.UID] {
				plan.Steps = append(plan.Steps, triage.Step{Mark: mark, Message: mailbox.Message{
					ID: mailbox.ID(st.UID), Number: st.Number, UID: st.UID, Octets: st.Octets, Certain: true,
				}})
			}
		}
	}
	return newSteps(plan, &e.opts)
}

func uidsIn(s session) map[string]bool {
	there := make(map[string]bool)
	for _, m := range s.list().Messages {
		there[m.UID] = true
	}
	return there
}

// settle finds out what became of the deletions that broken runs had asked for.
func (e *engine) settle(ctx context.Context, s session, runs []ledger.Run) error {
	if len(runs) == 0 || !tellsAll(s) {
		return nil
	}
	there := uidsIn(s)
	for r := range runs {
		run := &runs[r]
		if namedAnew(run.Steps, run.Doubted, s.list()) {
			if !run.Doubted {
				if err := e.log.DoubtRuns(ctx, e.opts.Account); err != nil {
					return err
				}
				run.Doubted = true
			}
			continue // who asks for it again is told
		}
		var gone, doubtful []int
		asked := 0
		for i := range run.Steps {
			st := &run.Steps[i]
			open := st.State != ledger.StepDeleted && st.State != ledger.StepFailed
			if !open || !triage.Mark(st.Mark).Deletes() || st.UID == "" || there[st.UID] {
				continue
			}
			if st.State == ledger.StepPlanned && triage.Mark(st.Mark).Downloads() && run.Request != e.opts.Request {
				continue // when that request is made again it is told that this one was never fetched
			}
			if !st.Certain { // who deleted it may have written that down already
				doubtful = append(doubtful, st.Seq)
				st.State = ledger.StepFailed
				continue
			}
			gone = append(gone, st.Seq)
			if st.State == ledger.StepAsked {
				asked++
			}
			st.State = ledger.StepDeleted
		}
		if len(doubtful) > 0 {
			if err := e.log.SetSteps(ctx, run.ID, ledger.StepFailed, doubtful...); err != nil {
				return err
			}
		}
		if len(gone) == 0 {
			continue
		}
		if err := e.log.StepsDeleted(ctx, run.ID, gone...); err != nil {
			return err
		}
		if asked > 0 {
			e.warn(fmt.Sprintf("an earlier run was broken off before the server's last answer: %s it had asked for came true", deletions(asked)))
		}
		if unasked := len(gone) - asked; unasked > 0 {
			// Some servers carry DELEs out when the line breaks; another client may have been there, too.
			e.warn(fmt.Sprintf("an earlier run was broken off: %s that it was to delete, and had not yet asked for with QUIT, are gone", messages(unasked)))
		}
	}
	return nil
}

// takenOver gives the runs that this one stands for from now on: those of the same request.
// Another request's run stays, so that its numbers and queries are known for what they
// meant when the same request is made again.
func (e *engine) takenOver(runs []ledger.Run) []int64 {
	var ids []int64
	for i := range runs {
		settled := !slices.ContainsFunc(runs[i].Steps, func(st ledger.Step) bool {
			return st.State != ledger.StepDeleted && st.State != ledger.StepFailed
		})
		if runs[i].Request == e.opts.Request || runs[i].Request == "" && settled {
			ids = append(ids, runs[i].ID)
		}
	}
	return ids
}

// giveUpOthers is for a plan that was pointed at message by message, with the marks of all
// broken runs in sight: what it leaves out of them was given up.
func (e *engine) giveUpOthers(ctx context.Context, runs []ledger.Run) error {
	if e.opts.Request != "" {
		return nil
	}
	planned := make(map[string]bool, len(e.steps))
	for _, st := range e.steps {
		planned[st.Message.UID] = true
	}
	for i := range runs {
		if runs[i].Request == "" {
			continue
		}
		if err := e.log.GiveUp(ctx, runs[i].ID, planned); err != nil {
			return err
		}
	}
	return nil
}

// recallAtOnce is of how many messages headers are taken out of the ledger at a time.
const recallAtOnce = 1000

// recall sees by what each message is to be known again: by what the run which is taken up knew of
// it, or else what this process has seen, or the header that the ledger has now. What the ledger and the
// mailbox know afterwards is no proof: it may be of another message, with the same UIDL. Who points at messages
// one by one means what is shown, whatever an earlier run meant. It gives, by UIDL, what the ledger's headers tell of
// messages that are to be deleted and of which this process has not seen the header.
func (e *engine) recall(ctx context.Context, left map[made][sha256.Size]byte) (map[string]ledger.About, error) {
	e.box.written(ctx) // what was read just now
	abouts := make(map[string]ledger.About)
	for chunk := range slices.Chunk(e.steps, recallAtOnce) {
		uids := make([]string, 0, len(chunk))
		for _, st := range chunk {
			if st.Message.Certain {
				uids = append(uids, st.Message.UID)
			}
		}
		rows, err := e.log.Headers(ctx, e.opts.Account, uids)
		if err != nil {
			return nil, err
		}
		for _, st := range chunk {
			if !st.Message.Certain {
				continue
			}
			before, taken := left[made{st.Message.UID, st.Mark}]
			envelope := e.box.envelope(st.Message.ID)
			var header []byte
			if row, cached := rows[st.Message.UID]; cached && row.Octets == st.octets() {
				header = row.Header
			}
			var shown [sha256.Size]byte
			switch {
			case envelope != nil:
				shown = mailbox.Imprint(envelope, header)
			case header != nil:
				known := e.box.decode(header)
				shown = mailbox.Imprint(known, header[:min(len(header), maxHeader)])
				if st.Mark.Deletes() {
					abouts[st.Message.UID] = about(known)
				}
			}
			if e.opts.Request == "" && shown != noPrint {
				taken = taken && (before == shown || before == noPrint)
				before = shown
			}
			st.imprint, st.mine = cmp.Or(before, shown), taken
			st.recalled = !e.box.fresh(st.Message.ID) && (st.Mark == triage.Delete || st.Mark.Deletes() && st.byHeader())
		}
	}
	return abouts, nil
}

// askedOf gives the messages of which runs had asked a QUIT to delete them, and did not learn
// what became of it.
func askedOf(runs []ledger.Run) map[ledger.FetchedKey]bool {
	asked := make(map[ledger.FetchedKey]bool)
	for i := range runs {
		for j := range runs[i].Steps {
			if st := &runs[i].Steps[j]; st.State == ledger.StepAsked && st.Certain {
				asked[ledger.FetchedKey{UID: st.UID, Octets: st.Octets}] = true
			}
		}
	}
	return asked
}

func messages(n int) string { return count(n, "message") }

func deletions(n int) string {
	if n == 1 {
		return "1 deletion that"
	}
	return fmt.Sprintf("%d deletions that", n)
}
