package commit

import (
	"cmp"
	"crypto/sha256"

	"popmark/delivery"
	"popmark/ledger"
	"popmark/message"
	"popmark/triage"
)

// promise is how true a message's deletion is.
type promise uint8

const (
	kept     promise = iota // no DELE of it counts
	promised                // DELE was answered +OK in a session that has not ended with QUIT
	asked                   // QUIT was sent, or was about to be
	deleted                 // QUIT was answered +OK, or the message was seen to be gone
)

// step is one step of the plan on its way.
type step struct {
	*triage.Step
	seq    int   // its place in the plan and in the journal
	number int   // the message's in the session that is under way (P3)
	was    int64 // octets that the message had when it was marked, where it has grown since; else 0

	dest   delivery.Destination // where a copy has to be before anything else happens; nil: nowhere
	key    string               // the ledger's name for dest
	binned bool                 // the copy goes into the bin

	copied   bool              // the copy is safe
	known    bool              // it was safe before this run
	path     string            // of a copy that is known or in the bin
	received int64             // octets of a copy that was known, or that was told of
	spent    bool              // the copy that was known is of a message that was deleted since
	print    [sha256.Size]byte // what the copy that is there is known by, see fits; zero where nothing is
	imprint  [sha256.Size]byte // of the message that is marked, see mailbox.Imprint; zero where none is known
	awaited  [sha256.Size]byte // what RETR's header has to be known by, as that of an earlier copy; zero: any will do
	shows    *heading          // what TOP gives of the message whose copy is awaited
	glimpse  [sha256.Size]byte // what TOP showed of it just before its text is asked for; zero where that was not asked
	fresh    *delivery.Receipt // of a copy that nothing was told of yet
	prior    *delivery.Receipt // of an earlier attempt that is not wholly there
	receipt  *delivery.Receipt // of the copy of a message without a UIDL of its own
	fate     promise
	told     bool   // Kept has been told
	vowed    bool   // Deleted has been told
	mine     bool   // the mark is of a run that was broken off and is taken up: it means the message of that time
	sent     bool   // its DELE, in this session or an earlier one, and not taken back
	noted    bool   // the journal says that a QUIT was asked to delete it
	doubt    bool   // its deletion may have come true before this session, and its UIDL name another message by now
	risked   bool   // that it has come true would be this run's doing
	recalled bool   // what is known of its header an earlier session has shown
	looked   bool   // it was looked at whether the message is the one of the known copy
	claimed  bool   // its text may be another message's, and TOP is asked
	endings  int    // how often TOP of it has ended a session
	named    int    // how many claims name the text that came for it
	misled   bool   // its text was another message's, and is no copy of it
	lost     bool   // the copy that is awaited is gone: another is made where RETR shows the same
	renews   bool   // where RETR does not confirm the copy that is awaited, another is made
	rival    *claim // the claim of another message to the same text, made when TOP of this one could not be asked
	closed   bool   // failed, or gone: there is nothing more to do
	refused  bool   // the server refused to give or to delete it
	parted   bool   // it was so in a session that ended then
	garbled  bool   // its text did not come as it should
}

// octets is what the message is known by: those that it had when it was marked.
func (st *step) octets() int64 { return cmp.Or(st.was, st.Message.Octets) }

// recorded is with which octets a copy is written down. Its deletion finds it by those that the message is known by.
func (st *step) recorded() int64 {
	if st.Mark.Deletes() {
		return st.octets()
	}
	return st.Message.Octets
}

func (st *step) isClosed() bool { return st.closed }

// finished tells whether nothing is left to do for the step.
func (st *step) finished() bool {
	switch {
	case st.closed:
		return true
	case st.Mark.Deletes():
		return st.fate == deleted
	default:
		return st.copied
	}
}

// wantsCopy tells whether the message has to be fetched first.
func (st *step) wantsCopy() bool { return st.dest != nil && !st.copied }

// toDelete tells whether a DELE belongs to the step, now or once its copy is safe.
func (st *step) toDelete() bool { return st.Mark.Deletes() && !st.closed }

// placed is what the journal learns of a copy at path that is safe.
func (st *step) placed(path string) ledger.Placed {
	if !st.binned {
		path = ""
	}
	return ledger.Placed{Seq: st.seq, Kept: path}
}

// ours tells whether it was this run that deleted the message, where it is gone: some servers
// carry a DELE out whatever became of the session.
func (st *step) ours() bool { return st.fate != kept || st.sent }

// event makes an event about the step's message.
func (st *step) event(kind Kind) Event {
	m := &st.Message
	return Event{Kind: kind, Number: m.Number, UID: m.UID, ID: m.ID, Action: st.Mark, Total: m.Octets}
}

// binPrefix stands before a destination's name where the ledger knows it as the bin.
const binPrefix = "bin:"

// newSteps makes the steps of a plan.
func newSteps(plan triage.Plan, opts *Options) []*step {
	steps := make([]*step, len(plan.Steps))
	block := make([]step, len(plan.Steps))
	for i := range plan.Steps {
		s, st := &plan.Steps[i], &block[i]
		*st = step{Step: s, seq: i, was: opts.Was[s.Message.ID]}
		switch {
		case s.Mark.Downloads():
			st.dest, st.key = opts.Destination, opts.Destination.String()
		case opts.Bin.takes(s.Message.Octets):
			st.dest, st.key, st.binned = opts.Bin.Destination, binPrefix+opts.Bin.Destination.String(), true
		}
		steps[i] = st
	}
	return steps
}

// cut divides steps as plan.Parts divides its own.
func cut(steps []*step, parts [][]triage.Step) [][]*step {
	divided := make([][]*step, len(parts))
	for i, part := range parts {
		divided[i], steps = steps[:len(part)], steps[len(part):]
	}
	return divided
}

// about tells of a message what its envelope has, where that is known.
func about(env *message.Envelope) ledger.About {
	if env == nil {
		return ledger.About{}
	}
	a := ledger.About{From: env.From.Address, Subject: env.Subject}
	if env.From.Name != "" {
		a.From = message.MakeSafe(string(env.From.Name) + " <" + string(env.From.Address) + ">")
	}
	if env.HasDate {
		a.Date = env.Date
	}
	return a
}

// meta tells a destination of a message with an envelope, and of an earlier attempt that is not wholly there.
func (e *engine) meta(st *step, env *message.Envelope, prior *delivery.Receipt) delivery.Meta {
	meta := delivery.Meta{
		Account: e.opts.Account, UID: string(message.MakeSafe(st.Message.UID)), Size: st.Message.Octets, Prior: prior,
	}
	meta.MessageID, meta.From, meta.Subject = string(env.MessageID), string(env.From.Address), string(env.Subject)
	if env.HasDate {
		meta.Date = env.Date
	}
	return meta
}

// uidsOf gives the UIDLs by which messages are known beyond this run, of the steps that want a copy.
func uidsOf(steps []*step) map[string][]string {
	byKey := make(map[string][]string)
	for _, st := range steps {
		if st.dest != nil && st.Message.Certain {
			byKey[st.key] = append(byKey[st.key], st.Message.UID)
		}
	}
	return byKey
}

func seqsOf(steps []*step) []int {
	seqs := make([]int, len(steps))
	for i, st := range steps {
		seqs[i] = st.seq
	}
	return seqs
}
