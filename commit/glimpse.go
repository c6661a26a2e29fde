package commit

import (
	"context"
	"slices"
)

// A glimpse is TOP of a message just before its text is asked for, to hold the text against (P2).

// mostUnshown is how many TOPs in a row that came before a text may be refused before they are sparse.
const mostUnshown = 8

// glimpses tells whether TOP is asked before a text that would be deleted then and that can be held against nothing, not
// even its octets, which other messages have as well. Where these tell: a server that gives the texts of others does so mostly
// from the first one on, so that of many the first, the second, the fourth and so on are asked for.
func (l *leg) glimpses(st *step) bool {
	if l.e.unseen >= mostEndings || !st.toDelete() || !st.Message.Certain || l.e.markedPrint(st) != noPrint || !l.hasTOP(st, st.number) {
		return false
	}
	l.blind++
	return l.blind&(l.blind-1) == 0 || l.e.unshown < mostUnshown && (l.e.sized >= mostGuessed || l.sharesOctets(st.Message.Octets))
}

// sharesOctets tells whether LIST gives so many octets to more than one message, or to none.
func (l *leg) sharesOctets(octets int64) bool {
	if l.octets == nil {
		list := l.s.list()
		l.octets = make([]int64, len(list.Messages))
		for i := range list.Messages {
			l.octets[i] = list.Messages[i].Octets
		}
		slices.Sort(l.octets)
	}
	at, has := slices.BinarySearch(l.octets, octets)
	return !has || octets < 0 || at+1 < len(l.octets) && l.octets[at+1] == octets
}

// learn takes in what TOP shows of a message before its text comes.
func (l *leg) learn(ctx context.Context, st *step, top textAnswer) error {
	head, err := l.headOf(ctx, st, top, l.head)
	switch {
	case err == nil && head != nil:
		st.glimpse, l.e.unshown, l.head = l.e.imprint(head), 0, head
	case err == nil:
		l.e.unshown++
	case faultOf(err) == broken:
		l.unanswered(st)
	case faultOf(err) == confused:
		l.unanswered(st)
		return &garbledError{err}
	}
	return err
}

// unanswered takes in that a glimpse has ended the session. That may be the line's fault once.
func (l *leg) unanswered(st *step) {
	st.endings++
	if l.e.unseen++; l.e.unseen == 1 {
		l.e.retries = max(l.e.retries-1, 0)
	}
}
