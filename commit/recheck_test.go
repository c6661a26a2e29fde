package commit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"popmark/delivery"
	"popmark/ledger"
	"popmark/pop3server"
	"popmark/triage"
)

// texts are what the Maildir's new has, sorted.
func (r *rig) texts() []string {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(r.path, "new", "*"))
	must(r.t, err)
	var all []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		must(r.t, err)
		all = append(all, strings.ReplaceAll(string(text), "\n", "\r\n"))
	}
	slices.Sort(all)
	return all
}

func TestP2_AMessageThatGotTheUIDLOfAMovedOneIsFetchedBeforeItIsDeleted(t *testing.T) {
	other := strings.Replace(letter(1), "number 1", "number Z", 1)
	sameHeader := strings.Replace(letter(1), ".line 1", ".line Z", 1)
	for _, c := range []struct {
		name    string
		text    string
		options []pop3server.Option
		want    []string
		kept    int
	}{
		{"another header", other, nil, []string{letter(1), other}, 0},
		{"the same message again", letter(1), nil, []string{letter(1)}, 1},
		{"no pipelining", other, []pop3server.Option{pop3server.Without("PIPELINING")}, []string{letter(1), other}, 0},
		{"no TOP", other, []pop3server.Option{pop3server.Without("TOP")}, []string{letter(1), other}, 0},
		{"no TOP, and only the body differs", sameHeader, []pop3server.Option{pop3server.Without("TOP")}, []string{letter(1), sameHeader}, 0},
		{"TOP refused", other, []pop3server.Option{pop3server.WithHooks(pop3server.Answer(pop3server.On("TOP"), "-ERR not now\r\n"))}, []string{letter(1), other}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, 1, c.options...)
			must(t, r.commit(order{marks: marked("M")}).err)
			r.drop.Add(pop3server.NewMessage("uid-1", []byte(c.text)))
			out := r.commit(order{marks: marked("M")})
			if out.err != nil || out.Failed != 0 || out.Deleted != 1 || out.Kept != c.kept {
				t.Errorf("%v, %+v", out.err, out.Summary)
			}
			slices.Sort(c.want)
			if got := r.texts(); !slices.Equal(got, c.want) {
				t.Errorf("the Maildir has %q", got)
			}
			if left := r.drop.UIDLs(); len(left) > 0 {
				t.Errorf("the server has %q", left)
			}
		})
	}
}

func TestP1_AMessageThatGotAUIDLWhileTheLineWasBrokenIsLeftAlone(t *testing.T) {
	other := strings.Replace(letter(1), "number 1", "number Z", 1)
	for _, letters := range []string{"M", "D"} {
		t.Run(letters, func(t *testing.T) {
			var r *rig
			r = newRig(t, 1, pop3server.WithHooks(
				pop3server.LoseAnswer(pop3server.On("QUIT").InSession(1), pop3server.Close),
				pop3server.InSession(2, pop3server.On("").Do(func(*pop3server.Event) pop3server.Action {
					r.drop.Add(pop3server.NewMessage("uid-1", []byte(other)))
					return pop3server.Action{}
				})),
			))
			must(t, r.ledger.PutHeaders(t.Context(), account, []ledger.HeaderRow{{UID: "uid-1", Octets: int64(len(letter(1))), Header: []byte(letter(1))}}))
			out := r.commit(order{marks: marked(letters), opts: Options{Retries: 1}})
			if out.err != nil || out.Failed != 0 || out.Deleted != 1 {
				t.Errorf("%v, %+v", out.err, out.Summary)
			}
			if left := r.drop.UIDLs(); !slices.Equal(left, []string{"uid-1"}) {
				t.Errorf("the server has %q", left)
			}
		})
	}
}

func TestP5_WithoutUIDLABrokenLineIsTakenUpBySizeAndHeader(t *testing.T) {
	r := newRig(t, 6, pop3server.Without("UIDL"), pop3server.WithHooks(
		pop3server.InSession(1, pop3server.CutIn(pop3server.On("RETR 4"), 20, pop3server.Close)),
	))
	out := r.commit(order{marks: marked("MMDM"), opts: Options{Retries: 1}})
	if out.err != nil || out.Failed != 0 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	if out.count(Reconnecting) != 1 {
		t.Errorf("it came back %d times", out.count(Reconnecting))
	}
	r.expect([]int{1, 2, 4}, "uid-5", "uid-6")
}

// cachedRig has messages that are to be deleted, and the headers of as many that an earlier session has shown: those
// that others name are of other messages by now, with the same octets.
func cachedRig(t *testing.T, messages int, other func(n int) bool) (*rig, map[int]triage.Mark) {
	t.Helper()
	r := newRig(t, 0)
	r.keepHeaders()
	marks := make(map[int]triage.Mark)
	var rows []ledger.HeaderRow
	for n := 1; n <= messages; n++ {
		then := withID(n, fmt.Sprintf("m%03d", n))
		now := then
		if other(n) {
			now = withID(n, fmt.Sprintf("z%03d", n))
		}
		uid := fmt.Sprintf("uid-%d", n)
		r.drop.Add(pop3server.NewMessage(uid, []byte(now)))
		rows = append(rows, ledger.HeaderRow{UID: uid, Octets: int64(len(then)), Header: []byte(then)})
		marks[n] = triage.Delete
	}
	must(t, r.ledger.PutHeaders(t.Context(), account, rows))
	return r, marks
}

func TestP1_EveryMessageThatGoesByAHeaderOfAnEarlierSessionIsLookedAt(t *testing.T) {
	r, marks := cachedRig(t, 300, func(n int) bool { return n == 153 })
	out := r.commit(order{marks: marks, headers: true})
	if left := r.drop.UIDLs(); !slices.Equal(left, []string{"uid-153"}) || out.Failed != 1 || out.Deleted != 299 {
		t.Errorf("%v, %+v, left %q", out.err, out.Summary, left)
	}
}

// Neither Message-ID nor date tells the two apart, so that RETR's header might be another than TOP's.
func TestP1_AMoveForACachedHeaderTakesNoOtherMessage(t *testing.T) {
	for _, listed := range []bool{false, true} {
		r := newRig(t, 0)
		r.keepHeaders()
		r.knowHeader()
		r.drop.Add(inItsPlace())
		out := r.commit(order{marks: marked("M"), headers: listed})
		if len(r.drop.UIDLs()) == 0 {
			t.Errorf("listed %v: it was deleted, and is not the one that was marked: %v, %+v", listed, out.err, out.Summary)
		}
	}
}

func TestAMessageThatGotTheUIDLOfADeletedOneIsFetchedThoughTheLineBreaksAsItIsLookedAt(t *testing.T) {
	for cut := 1; cut <= 4; cut++ {
		r := newRig(t, 1, pop3server.WithHooks(pop3server.Cut(pop3server.On("TOP").InSession(2).Nth(cut), pop3server.Close)))
		must(t, r.commit(order{marks: marked("M")}).err)
		r.drop.Add(inItsPlace(), pop3server.NewMessage("uid-2", []byte(letter(2))))
		out := r.commit(order{marks: marked("FF"), opts: Options{Retries: 3}})
		if out.err != nil || out.Fetched != 2 {
			t.Errorf("TOP %d: %v, %+v", cut, out.err, out.Summary)
		}
	}
}

// All that these messages are known by is a header that RETR gives otherwise than TOP.
func TestP5_AHeaderToWhichRETRAddsMakesNoOtherMessage(t *testing.T) {
	for _, listed := range []bool{false, true} {
		for _, letters := range []string{"MMM", "FFF"} {
			r := newRig(t, 3, pop3server.WithHooks(addsALine(), pop3server.Cut(pop3server.On("RETR 2").InSession(1), pop3server.Close)))
			r.keepHeaders()
			out := r.commit(order{marks: marked(letters), headers: listed, opts: Options{Retries: 2}})
			if out.err != nil || out.Failed > 0 {
				t.Errorf("listed %v, %s: %v, %+v", listed, letters, out.err, out.Summary)
			}
		}
		r := newRig(t, 2, pop3server.WithHooks(addsALine(),
			pop3server.Cut(pop3server.On("DELE 1").InSession(1), pop3server.Close),
			pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close))))
		r.keepHeaders()
		if out := r.commit(order{marks: marked("MM"), headers: listed, opts: Options{Request: "same"}}); out.err == nil {
			t.Fatal("no error")
		}
		out := r.takeUp(t.Context(), "same", marked("MM"))
		if left := r.drop.UIDLs(); out.err != nil || out.Failed > 0 || len(left) > 0 {
			t.Errorf("listed %v: %v, %+v, left %q", listed, out.err, out.Summary, left)
		}
	}
}

// A run of the command line was broken off, and one of its UIDLs names another message by now.
func TestTheScreenCanMarkWhatItShowsWhateverAnEarlierRunMeant(t *testing.T) {
	for _, hooks := range [][]pop3server.Hook{
		{ // the deletion was asked for
			pop3server.InSession(1, pop3server.Cut(pop3server.On("DELE"), pop3server.Close)),
			pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close)),
		},
		{pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close))}, // it was not
	} {
		r := newRig(t, 2, pop3server.WithHooks(hooks...))
		r.keepHeaders()
		must(t, r.ledger.PutHeaders(t.Context(), account, []ledger.HeaderRow{{UID: "uid-2", Octets: int64(len(letter(2))), Header: []byte(letter(2))}}))
		if out := r.commit(order{marks: marked("DD"), opts: Options{Request: "--delete 1-2", Checkpoint: 1}}); out.err == nil {
			t.Fatal("no error")
		}
		r.drop.Remove("uid-2")
		r.drop.Add(pop3server.NewMessage("uid-2", []byte(strings.Replace(letter(2), "number 2", "number Z", 1))))
		for range 2 { // the first shows what is in the cache still
			r.commit(order{marks: map[int]triage.Mark{2: triage.Delete}, headers: true})
		}
		if left := r.drop.UIDLs(); slices.Contains(left, "uid-2") {
			t.Errorf("left %q, though it was shown as it is and marked", left)
		}
	}
}

func TestAnOldCopyThatIsGoneFromTheBinStopsNoDeletion(t *testing.T) {
	r := newRig(t, 1)
	r.keepHeaders()
	path := filepath.Join(t.TempDir(), "bin")
	bin := &Bin{Destination: delivery.NewMaildir(delivery.OS(), path), MaxOctets: 1 << 20}
	must(t, r.commit(order{marks: marked("D"), opts: Options{Bin: bin}}).err)
	must(t, os.RemoveAll(path))
	second := strings.Replace(letter(1), "number 1", "number Z", 1)
	r.drop.Add(pop3server.NewMessage("uid-1", []byte(second)))
	must(t, r.ledger.PutHeaders(t.Context(), account, []ledger.HeaderRow{{UID: "uid-1", Octets: int64(len(second)), Header: []byte(second)}}))
	if out := r.commit(order{marks: marked("D"), opts: Options{Bin: bin, Request: "same"}}); out.err != nil || out.Failed > 0 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
}

// Where no header had a say, a round trip for some messages has to do, unless one of them is another.
func TestOfNumberedMessagesSomeAreLookedAtUnlessOneIsAnother(t *testing.T) {
	for _, changed := range []bool{false, true} {
		const many = 300
		r, marks := cachedRig(t, many, func(n int) bool { return changed && n >= 153 })
		out := r.commit(order{marks: marks, opts: Options{Numbered: true}})
		tops := 0
		for _, command := range r.server.SessionCommands(1) {
			if strings.HasPrefix(command, "TOP ") {
				tops++
			}
		}
		switch left := len(r.drop.UIDLs()); {
		case changed && (left != many-152 || out.Failed != left):
			t.Errorf("%d are left of %d others: %v, %+v", left, many-152, out.err, out.Deleted)
		case !changed && (left != 0 || tops > 2*spotChecks):
			t.Errorf("%d are left, %d TOPs", left, tops)
		}
	}
}

// The copy that is known is of the message that had the UIDL before, and what is marked is the one that has it now.
func TestP2_ACopyOfTheMessageBeforeIsNoneOfTheOneThatIsShown(t *testing.T) {
	for _, text := range []func(id string) string{
		func(id string) string { return withID(1, id) },
		func(id string) string { return strings.Replace(letter(1), "number 1", "number "+id[1:], 1) },
	} {
		r := newRig(t, 0)
		r.keepHeaders()
		r.drop.Add(pop3server.NewMessage("uid-1", []byte(text("m1"))))
		must(t, r.commit(order{marks: marked("F")}).err)
		r.drop.Remove("uid-1")
		r.drop.Add(pop3server.NewMessage("uid-1", []byte(text("m2"))))
		must(t, r.ledger.ForgetAllHeaders(t.Context(), account))
		out := r.commit(order{marks: marked("M"), headers: true})
		if copies := r.texts(); out.err != nil || out.Deleted != 1 || !slices.Contains(copies, text("m2")) {
			t.Errorf("%v, %+v, the Maildir has %q", out.err, out.Summary, copies)
		}
	}
}
