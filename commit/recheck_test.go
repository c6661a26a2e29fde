package commit

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"popmark/ledger"
	"popmark/pop3server"
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
