package commit

import (
	"context"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/triage"
)

// findGrown finds the messages that were fetched before some server wrote fields into their headers, as
// mailutils does at the first QUIT and whenever one is read: they have other octets than their copies are
// known by. Their headers have to be the same but for such fields. It is for messages that stay on the server:
// before a DELE the copy is made anew. What can't be looked at is fetched again.
func (e *engine) findGrown(ctx context.Context, s session) error {
	var fetched []*step
	for _, st := range e.steps {
		if st.Mark == triage.Fetch && st.Message.Certain && st.was == 0 && !e.opts.Again {
			fetched = append(fetched, st)
		}
	}
	for key, uids := range uidsOf(fetched) {
		records, err := e.log.Fetched(ctx, e.opts.Account, key, uids)
		if err != nil {
			return err
		}
		before := make(map[string]ledger.Fetched)
		for _, r := range records {
			if r.Safe && r.Header != noPrint && r.Octets > before[r.UID].Octets {
				before[r.UID] = r
			}
		}
		var ask []*step
		for _, st := range fetched {
			r, found := before[st.Message.UID]
			_, same := records[ledger.FetchedKey{UID: st.Message.UID, Octets: st.Message.Octets, Destination: key}]
			if st.key != key || !found || same || r.Octets >= st.Message.Octets {
				continue
			}
			if m, err := s.bind(st.Message.ID); err == nil && s.hasTOP(m.Number) {
				st.number = m.Number
				ask = append(ask, st)
			}
		}
		err = eachHead(ctx, s, topAhead, ask, func(st *step, head []byte) error {
			r := before[st.Message.UID]
			if e.fits(r.Header, head) && mailbox.HasGrown(head, st.Message.UID, r.Octets, st.Message.Octets) {
				st.was = r.Octets
			}
			return nil
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return nil //nolint:nilerr // whoever asks next is told what became of the session
		}
	}
	return nil
}
