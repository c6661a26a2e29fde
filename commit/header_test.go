package commit

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"popmark/delivery"
	"popmark/ledger"
	"popmark/pop3server"
)

func TestP2_NothingWhereSomethingWasListedIsNotFetched(t *testing.T) {
	for _, marks := range []string{"MMM", "FFF"} {
		r := newRig(t, 3, pop3server.WithHooks(pop3server.Answer(pop3server.On("RETR 2"), "+OK\r\n.\r\n")))
		out := r.commit(order{marks: marked(marks)})
		if out.err != nil || out.Failed != 1 || out.Fetched != 2 || out.Failures[0].Number != 2 ||
			!strings.Contains(out.Failures[0].Err.Error(), "the server sent an empty message") {
			t.Errorf("%s: %v, %+v", marks, out.err, out.Summary)
		}
		if marks == "MMM" {
			r.expect([]int{1, 3}, "uid-2")
		}
	}
}

func TestNamesAndHistoryHaveTheHeaderThatCameWithTheText(t *testing.T) {
	r := newRig(t, 1)
	dir := filepath.Join(t.TempDir(), "eml")
	dest, err := delivery.Parse("eml:" + dir)
	must(t, err)
	must(t, r.commit(order{marks: marked("M"), opts: Options{Destination: dest}}).err)
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) != 1 || !strings.Contains(files[0].Name(), "number 1") {
		t.Errorf("the folder has %v", files)
	}
	text, err := os.ReadFile(filepath.Join(dir, files[0].Name()))
	must(t, err)
	if r.which(string(text)) != 1 {
		t.Errorf("the file holds %q", text)
	}
	entries := 0
	for entry, err := range r.ledger.History(t.Context()) {
		must(t, err)
		entries++
		if entry.About != (ledger.About{From: "a1@example.org", Subject: "number 1"}) {
			t.Errorf("the history has %+v", entry)
		}
	}
	if entries == 0 {
		t.Error("the history has nothing")
	}
}

func TestHeaderIsReadWithinBoundsAndNothingOfTheTextIsLost(t *testing.T) {
	long := strings.Repeat("X: y\r\n", maxHeader/4)
	for _, c := range []struct{ text, least string }{
		{"", ""},
		{"A: b\r\n\r\nbody", "A: b\r\n\r\n"},
		{"A: b\n\nbody", "A: b\n\n"},
		{"\r\nbody", "\r\n"},
		{"A: b", "A: b"},
		{long, long[:maxHeader]},
	} {
		for _, text := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text))} {
			head, whole, err := withHeader(text, nil)
			must(t, err)
			if !strings.HasPrefix(string(head), c.least) || len(head) > maxHeader {
				t.Errorf("of %.20q it reads %d octets", c.text, len(head))
			}
			got, err := io.ReadAll(whole)
			must(t, err)
			if string(got) != c.text {
				t.Errorf("of %.20q %d octets are left", c.text, len(got))
			}
		}
	}
}

// Where LIST's size can't be read, an empty text proves nothing.
func TestP2_NothingIsNoMessageWhereTheSizeIsNotKnown(t *testing.T) {
	r := newRig(t, 2, pop3server.WithHooks(
		pop3server.Lines(pop3server.On("LIST"), func(_ int, line string) (string, bool) {
			number, _, _ := strings.Cut(line, " ")
			if number == "2" {
				line = "2 big"
			}
			return line, true
		}),
		pop3server.Answer(pop3server.On("RETR 2"), "+OK\r\n.\r\n"),
	))
	out := r.commit(order{marks: marked("MM")})
	if out.err != nil || out.Failed != 1 || out.Fetched != 1 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	r.expect([]int{1}, "uid-2")
}

func TestASizeThatIsNotKnownIsNotWrong(t *testing.T) {
	r := newRig(t, 1, pop3server.WithHooks(pop3server.Lines(pop3server.On("LIST"), func(i int, line string) (string, bool) {
		if i > 0 && line != "." {
			line = "1 big"
		}
		return line, true
	})))
	out := r.commit(order{marks: marked("M")})
	if out.err != nil || out.Fetched != 1 || out.count(Warning) != 0 {
		t.Errorf("%v, %+v, %+v", out.err, out.Summary, out.events)
	}
	for _, ev := range out.events {
		if ev.RunTotal < 0 {
			t.Errorf("%d octets are expected", ev.RunTotal)
		}
	}
}
