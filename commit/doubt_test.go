package commit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"popmark/delivery"
	"popmark/pop3server"
	"popmark/triage"
)

// stuffed are the texts of the first n letters as they go over the line, by number.
func stuffed(n int, text func(int) string) map[string]string {
	texts := make(map[string]string)
	for i := 1; i <= n; i++ {
		texts[fmt.Sprint(i)] = strings.ReplaceAll(text(i), "\r\n.", "\r\n..")
	}
	return texts
}

func namedLetter(n int) string { return withID(n, fmt.Sprint("m", n)) }

// lateRig has messages, and a ledger on the disk.
func lateRig(t *testing.T, messages int, text func(int) string, pipelining bool, options ...pop3server.Option) *rig {
	t.Helper()
	if !pipelining {
		options = append(options, pop3server.WithHooks(pop3server.HideCapability("PIPELINING")))
	}
	r := newRig(t, 0, options...)
	r.keepHeaders()
	for n := 1; n <= messages; n++ {
		r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n), []byte(text(n))))
	}
	return r
}

// nothingLost fails where a message is neither on the server nor in the Maildir, or was to be fetched and is not
// there, and nothing says so.
func (r *rig) nothingLost(out *outcome, messages int, text func(int) string) {
	r.t.Helper()
	left, copies := r.drop.UIDLs(), r.texts()
	if len(copies) > messages {
		r.t.Errorf("there are %d copies of %d messages", len(copies), messages)
	}
	for n := 1; n <= messages; n++ {
		if slices.Contains(copies, text(n)) {
			continue
		}
		if !slices.Contains(left, fmt.Sprintf("uid-%d", n)) {
			r.t.Errorf("message %d is lost", n)
		}
		if out.err == nil && out.Failed == 0 {
			r.t.Errorf("message %d was not fetched, and nothing says so", n)
		}
	}
}

func TestP2_ALateTextIsFoundWhateverTheMarks(t *testing.T) {
	for _, letters := range []string{"MMMM", "FMMM", "FFMM", "FFFM", "FMFM", "FFFF"} {
		for _, pipelining := range []bool{true, false} {
			for _, always := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s pipelining %v, always %v", letters, pipelining, always), func(t *testing.T) {
					late := lateTexts(1, stuffed(4, namedLetter))
					if !always {
						late = pop3server.InSession(1, late)
					}
					r := lateRig(t, 4, namedLetter, pipelining, pop3server.WithHooks(late))
					out := r.commit(order{marks: marked(letters), opts: Options{Retries: 3}})
					r.nothingLost(out, 4, namedLetter)
					if !always && (out.err != nil || out.Failed > 0) {
						t.Errorf("%v, %+v", out.err, out.Summary)
					}
				})
			}
		}
	}
}

func TestP2_ADoubtedTextIsNoCopyWhereTheLineBreaksBeforeItIsCleared(t *testing.T) {
	for _, listed := range []bool{false, true} {
		for _, pipelining := range []bool{true, false} {
			first := 1
			if listed {
				first = 6 // those before read the headers
			}
			for cut := first; cut < first+8; cut++ {
				t.Run(fmt.Sprintf("listed %v, pipelining %v, TOP %d", listed, pipelining, cut), func(t *testing.T) {
					r := lateRig(t, 4, letter, pipelining, pop3server.WithHooks(
						pop3server.InSession(1, lateTexts(1, stuffed(4, letter))),
						pop3server.Cut(pop3server.On("TOP").InSession(1).Nth(cut), pop3server.Close)))
					out := r.commit(order{marks: marked("MMMM"), headers: listed, opts: Options{Retries: 3}})
					r.nothingLost(out, 4, letter)
				})
			}
		}
	}
}

func TestP5_ATextThatWasAnotherMessagesIsNotRememberedAsACopy(t *testing.T) {
	for _, next := range []string{"fetched by another request", "taken up"} {
		t.Run(next, func(t *testing.T) {
			r := lateRig(t, 3, letter, true, pop3server.WithHooks(pop3server.InSession(1, lateTexts(1, stuffed(3, letter)))))
			if out := r.commit(order{marks: marked("MMM"), opts: Options{Request: "--move 1-3"}}); out.err == nil {
				t.Fatalf("no error: %+v", out.Summary)
			}
			var out *outcome
			if next == "taken up" {
				out = r.takeUp(t.Context(), "--move 1-3", marked("MMM"))
			} else {
				out = r.commit(order{marks: marked("FFF"), opts: Options{Request: "--fetch 1-3"}})
			}
			if out.err != nil || out.Failed > 0 {
				t.Errorf("%v, %+v", out.err, out.Summary)
			}
			r.nothingLost(out, 3, letter)
			if left := r.drop.UIDLs(); next == "taken up" && len(left) > 0 {
				t.Errorf("%q are left", left)
			}
		})
	}
}

func TestP2_ARefusedTOPClearsNoDoubt(t *testing.T) {
	for nth := 1; nth <= 4; nth++ {
		r := lateRig(t, 2, letter, true, pop3server.WithHooks(pop3server.InSession(1, lateTexts(1, stuffed(2, letter))),
			pop3server.Refuse(pop3server.On("TOP 2").InSession(1).Nth(nth), "[SYS/TEMP] busy")))
		r.nothingLost(r.commit(order{marks: marked("MM"), opts: Options{Retries: 3}}), 2, letter)
	}
}

// The copy that a list sends has the Message-ID and the date of the one that came directly.
func TestP2_ALateTextIsFoundAmongMessagesOfTheSameMessageID(t *testing.T) {
	text := func(n int) string {
		if n == 1 {
			return "Received: from direct\r\nMessage-ID: <m@example.org>\r\nDate: Mon, 2 Nov 2026 08:00:00 +0100\r\n\r\ntext\r\n"
		}
		return "Received: from list\r\nList-Id: <l.example.org>\r\nMessage-ID: <m@example.org>\r\nDate: Mon, 2 Nov 2026 08:00:00 +0100\r\n\r\ntext\r\nfooter\r\n"
	}
	r := lateRig(t, 2, text, true, pop3server.WithHooks(pop3server.InSession(1, lateTexts(1, stuffed(2, text)))))
	r.nothingLost(r.commit(order{marks: marked("MM"), opts: Options{Retries: 3}}), 2, text)
}

// What listed the headers had the right ones.
func TestALateTextIsNotTakenForAMessageThatHasTheUIDLNow(t *testing.T) {
	r := lateRig(t, 4, namedLetter, true, pop3server.WithHooks(pop3server.InSession(1, lateTexts(1, stuffed(4, namedLetter)))))
	out := r.commit(order{marks: marked("MMMM"), headers: true, opts: Options{Retries: 3, Request: "same"}})
	if out.err != nil || out.Failed > 0 || len(r.drop.UIDLs()) > 0 {
		t.Errorf("%v, %+v, left %q", out.err, out.Summary, r.drop.UIDLs())
	}
	r.nothingLost(out, 4, namedLetter)
	rows, err := r.ledger.Headers(t.Context(), account, []string{"uid-1", "uid-2", "uid-3", "uid-4"})
	must(t, err)
	for uid, row := range rows {
		if n := strings.TrimPrefix(uid, "uid-"); !strings.Contains(string(row.Header), "<m"+n+"@") {
			t.Errorf("%s is known by the header %.60q", uid, row.Header)
		}
	}
}

// A proxy may write a line into what RETR gives, and not into what TOP gives; the messages are the same.
func TestMessagesThatAreTheSameAreMovedWhereRETRShowsOtherHeaders(t *testing.T) {
	for _, pipelining := range []bool{true, false} {
		for _, when := range []triage.Order{triage.AsReceived, triage.AtEnd} {
			r := lateRig(t, 0, letter, pipelining, pop3server.WithHooks(addsALine()))
			for n := 1; n <= 6; n++ {
				r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n), []byte(namedLetter(n/4))))
			}
			out := r.commit(order{marks: marked("MMMMMM"), order: when, opts: Options{Retries: 3}})
			if copies := len(r.texts()); out.err != nil || out.Deleted != 6 || copies != 6 {
				t.Errorf("pipelining %v, %v: %v, %+v, %d copies", pipelining, when, out.err, out.Summary, copies)
			}
		}
	}
}

func TestP5_WhatComesBehindATextInDoubtIsPutIntoPlaceOnce(t *testing.T) {
	text := func(n int) string { return namedLetter(max(n, 2)) } // the first two are the same
	for _, letters := range []string{"MMMMMMMM", "FFFFFFFF"} {
		for cut := 2; cut <= 8; cut++ {
			r := lateRig(t, 8, text, true, pop3server.WithHooks(pop3server.Cut(pop3server.On(fmt.Sprint("RETR ", cut)).InSession(1), pop3server.Close)))
			out := r.commit(order{marks: marked(letters), opts: Options{Retries: 3}})
			r.nothingLost(out, 8, text)
		}
	}
}

func TestP5_BehindTwoEmptyTextsCopiesAreKnown(t *testing.T) {
	r := lateRig(t, 6, namedLetter, true, pop3server.WithHooks(
		pop3server.Answer(pop3server.On("RETR 1"), "+OK\r\n.\r\n"), pop3server.Answer(pop3server.On("RETR 2"), "+OK\r\n.\r\n")))
	for range 2 {
		if out := r.commit(order{marks: marked("FFFFFF"), opts: Options{Retries: 3}}); out.err != nil || out.Failed != 2 {
			t.Errorf("%v, %+v", out.err, out.Summary)
		}
	}
	if copies := len(r.texts()); copies != 4 {
		t.Errorf("there are %d copies of 4 messages", copies)
	}
}

// What marks spam does so in the subject of what RETR gives; these have no Message-ID.
func TestASubjectThatRETRChangesMakesNoOtherMessage(t *testing.T) {
	r := lateRig(t, 0, letter, true, pop3server.WithHooks(pop3server.Lines(pop3server.On("RETR"), func(_ int, line string) (string, bool) {
		return strings.Replace(line, "Subject: number", "Subject: [SPAM] number", 1), true
	})))
	for n := 1; n <= 6; n++ {
		r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n), []byte("Date: Mon, 2 Nov 2026 08:00:00 +0100\r\n"+letter(n))))
	}
	out := r.commit(order{marks: marked("MMMMMM"), headers: true, opts: Options{Retries: 3}})
	if copies := len(r.texts()); out.err != nil || out.Deleted != 6 || copies != 6 {
		t.Errorf("%v, %+v, %d copies", out.err, out.Summary, copies)
	}
}

// The copy that was made before the line broke is known by RETR's header alone, and RETR stamps each text anew.
func TestP4_AMessageThatCannotBeToldFromItsCopyIsNotSaidToBeGone(t *testing.T) {
	for _, cut := range []string{"QUIT", "DELE 2"} {
		stamp := 0
		r := newRig(t, 2, pop3server.WithHooks(pop3server.Lines(pop3server.On("RETR"), func(i int, line string) (string, bool) {
			if i == 0 {
				stamp++
				line += fmt.Sprint("\r\nX-Scanned: ", stamp)
			}
			return line, true
		}), pop3server.Cut(pop3server.On(cut).InSession(1), pop3server.Close)))
		r.keepHeaders()
		out := r.commit(order{marks: marked("MM"), opts: Options{Retries: 5}})
		if left := len(r.drop.UIDLs()); out.Failed != left || out.Deleted != 2-left {
			t.Errorf("%s: %v, %+v, %d left", cut, out.err, out.Summary, left)
		}
	}
}

func TestP5_ACopyThatRETRConfirmsIsNotMadeAgain(t *testing.T) {
	r := newRig(t, 2, pop3server.WithHooks(addsALine(), pop3server.Cut(pop3server.On("QUIT").InSession(1), pop3server.Close)))
	r.keepHeaders()
	out := r.commit(order{marks: marked("MM"), opts: Options{Retries: 3}})
	if copies := len(r.texts()); out.err != nil || out.Deleted != 2 || copies != 2 {
		t.Errorf("%v, %+v, %d copies", out.err, out.Summary, copies)
	}
}

// The second delivery is refused for good.
type refusesTheSecond struct {
	delivery.Destination
	n *int
}

func (r refusesTheSecond) Begin(ctx context.Context, meta delivery.Meta) (delivery.Delivery, error) {
	d, err := r.Destination.Begin(ctx, meta)
	if *r.n++; *r.n == 2 {
		return refusedDelivery{d}, err
	}
	return d, err
}

func TestP2_NoDELEGoesOutBehindATextInDoubt(t *testing.T) {
	r := lateRig(t, 5, letter, true, pop3server.WithHooks(pop3server.InSession(1, lateTexts(1, stuffed(5, letter)))))
	out := r.commit(order{marks: marked("MMMMM"), opts: Options{Retries: 3, Destination: refusesTheSecond{r.dest, new(int)}}})
	if d := r.dialogue(1); strings.Contains(d, "DELE 3") {
		t.Errorf("%s, though the text of 3 was that of 2", d)
	}
	r.nothingLost(out, 5, letter)
}

func TestP2_WithoutUIDLLateTextsAreFoundAsWell(t *testing.T) {
	for _, letters := range []string{"MMMMMM", "FFFFFF"} {
		r := lateRig(t, 6, namedLetter, true, pop3server.Without("UIDL"), pop3server.WithHooks(pop3server.InSession(1, lateTexts(1, stuffed(6, namedLetter)))))
		out := r.commit(order{marks: marked(letters), opts: Options{Retries: 3}})
		if left := len(r.drop.UIDLs()); left != map[bool]int{true: 6}[letters[0] == 'F'] {
			t.Errorf("%s: %v, %+v, %d left", letters, out.err, out.Summary, left)
		}
		if copies := len(r.texts()); copies != 6 {
			t.Errorf("%s: %d copies of 6 messages", letters, copies)
		}
	}
}

// Where the server takes one command at a time, TOP of a message and of its twin are not under way together.
func TestInDoubtOneCommandAtATimeIsAsked(t *testing.T) {
	retrs, early := 0, 0
	refuse := func(n int) pop3server.Hook { return pop3server.Refuse(pop3server.On(fmt.Sprint("LIST ", n)), "no") }
	r := lateRig(t, 0, letter, true, pop3server.WithHooks(refuse(1), refuse(2), refuse(3), addsALine(),
		pop3server.Pipelined(pop3server.On("TOP")).Do(func(*pop3server.Event) pop3server.Action {
			if retrs > 0 {
				early++
			}
			return pop3server.Action{}
		}), pop3server.On("RETR").Do(func(*pop3server.Event) pop3server.Action {
			retrs++
			return pop3server.Action{}
		})))
	for n := 1; n <= 3; n++ {
		r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n), []byte(namedLetter(1))))
	}
	out := r.commit(order{marks: marked("MMM"), order: triage.AtEnd, opts: Options{Retries: 3}})
	if out.err != nil || out.Deleted != 3 || early > 0 {
		t.Errorf("%v, %+v, %d TOPs before the answer to what was asked before", out.err, out.Summary, early)
	}
}

// addsALine is a scanner between the server and us.
func addsALine() pop3server.Hook {
	return pop3server.Lines(pop3server.On("RETR"), func(i int, line string) (string, bool) {
		if i == 0 {
			line += "\r\nX-Scanned: yes"
		}
		return line, true
	})
}

// What follows one that has no header begins as that one does.
func TestMessagesWithoutAHeaderAreMoved(t *testing.T) {
	text := func(n int) string { return fmt.Sprintf("\r\nbody %d\r\n", n) }
	for _, pipelining := range []bool{true, false} {
		r := lateRig(t, 6, text, pipelining)
		out := r.commit(order{marks: marked("MMFMMM")})
		if out.err != nil || out.Failed > 0 || out.Fetched != 6 {
			t.Errorf("pipelining %v: %v, %+v", pipelining, out.err, out.Summary)
		}
	}
}

// A run is taken up whose copy is known by RETR's header alone, another message has the UIDL by now, and TOP is refused.
func TestP1_WhatRETRShowsToBeAnotherIsLeftAloneWhereTOPIsRefused(t *testing.T) {
	r := newRig(t, 1, pop3server.WithHooks(addsALine(),
		pop3server.Cut(pop3server.On("DELE 1").InSession(1), pop3server.Close),
		pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close)),
		pop3server.Refuse(pop3server.On("TOP").InSession(3).Nth(2), "[SYS/TEMP] busy"),
		pop3server.Refuse(pop3server.On("TOP").InSession(3).Nth(3), "[SYS/TEMP] busy")))
	if out := r.commit(order{marks: marked("M"), opts: Options{Request: "same"}}); out.err == nil {
		t.Fatal("no error")
	}
	r.drop.Remove("uid-1")
	r.drop.Add(inItsPlace())
	out := r.takeUp(t.Context(), "same", marked("M"))
	if left := r.drop.UIDLs(); len(left) != 1 {
		t.Errorf("%v, %+v: it was deleted, and another was marked", out.err, out.Summary)
	}
}

// Nothing but sender and date tells the messages apart, and the text repeats none that came before.
func TestP2_ATextOfAnotherSenderOrDateIsNoCopy(t *testing.T) {
	text := func(n int) string { return fmt.Sprintf("Date: Mon, 2 Nov 2026 08:00:0%d +0100\r\n%s", n, letter(n)) }
	for _, retries := range []int{0, 3} {
		r := lateRig(t, 2, text, true, pop3server.WithHooks(pop3server.InSession(1,
			pop3server.Answer(pop3server.On("RETR 1"), "+OK\r\n"+stuffed(2, text)["2"]+".\r\n"))))
		r.nothingLost(r.commit(order{marks: marked("MF"), headers: true, opts: Options{Retries: retries}}), 2, text)
	}
}

func TestAServerThatIsLateInEverySessionIsGivenUp(t *testing.T) {
	const many = 60
	for _, pipelining := range []bool{true, false} {
		r := lateRig(t, many, namedLetter, pipelining, pop3server.WithHooks(lateTexts(1, stuffed(many, namedLetter))))
		out := r.commit(order{marks: marked(strings.Repeat("M", many)), opts: Options{Retries: 3}})
		r.nothingLost(out, many, namedLetter)
		if most := mostSpared + 10; len(r.server.SessionCommands(most)) > 0 {
			t.Errorf("pipelining %v: there were %d sessions and more: %v, %+v", pipelining, most, out.err, out.Deleted)
		}
	}
}
