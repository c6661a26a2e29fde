package mailbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"popmark/mailbox"
	"popmark/pop3server"
)

// crowd makes messages whose envelopes take much memory.
func crowd(n int) []pop3server.Message {
	var to strings.Builder
	for i := range 150 {
		fmt.Fprintf(&to, ",\r\n somebody number %d <somebody.number.%d@mail.example.org>", i, i)
	}
	messages := make([]pop3server.Message, n)
	for i := range messages {
		messages[i] = pop3server.NewMessage(fmt.Sprintf("uid-%d", i+1), pop3server.CRLF(
			"From: Somebody <somebody@sender.example>", fmt.Sprintf("Subject: letter %d", i+1), "To: me@example.org"+to.String(), "", "x"))
	}
	return messages
}

// told are the headers that events brought so far, the newest of each message.
func (b *bench) told() map[mailbox.ID]mailbox.Header {
	b.mu.Lock()
	defer b.mu.Unlock()
	headers := make(map[mailbox.ID]mailbox.Header)
	for _, e := range b.events {
		if some, ok := e.(mailbox.HeadersEvent); ok {
			for _, h := range some.Headers {
				headers[h.ID] = h
			}
		}
	}
	return headers
}

func (b *bench) forgetEvents() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = nil
}

// brings says whether an event brings a message's header.
func brings(id mailbox.ID) func(mailbox.Event) bool {
	return func(e mailbox.Event) bool {
		some, ok := e.(mailbox.HeadersEvent)
		return ok && slices.ContainsFunc(some.Headers, func(h mailbox.Header) bool { return h.ID == id })
	}
}

func TestP8_EnvelopesUnderTheScanAreBounded(t *testing.T) {
	const most, messages = 1 << 20, 600
	l := openLedger(t)
	// With pipelining it is a matter of time how many were asked for before there was no room.
	b := newBench(t, mailbox.Config{Ledger: l}, crowd(messages), pop3server.Without("PIPELINING"))
	b.box.SetScreenOctets(most)
	b.mustOpen()
	b.box.StartScan()
	done := func(e mailbox.Event) bool { _, is := e.(mailbox.ScanDoneEvent); return is }
	b.wait("the scan's end", done)
	if !b.warned("memory for a part") {
		t.Errorf("warnings %q", b.box.Info().Warnings)
	}
	tops := 0
	for _, c := range b.server.Commands() {
		if strings.HasPrefix(c, "TOP ") {
			tops++
		}
	}
	if tops > messages*2/3 {
		t.Errorf("%d TOPs for %d messages, most of which there is no room for", tops, messages)
	}
	octets, kept := 0, 0
	headers := b.told()
	for _, h := range headers {
		octets += h.Envelope.Octets()
		kept++
	}
	if octets > most || octets < most/2 || kept == messages {
		t.Errorf("%d envelopes with %d octets are kept", kept, octets)
	}

	// The newest are kept. Of the others each is there while it is wanted, as often as it is.
	first, other := mailbox.ID("uid-1"), mailbox.ID("uid-2")
	for range 3 {
		for _, want := range [][]mailbox.ID{{first, "uid-3"}, {"uid-3", other}} {
			b.forgetEvents()
			b.box.Want(want)
			id := want[0]
			if id != first {
				id = other
			}
			b.wait("the header of "+string(id), brings(id))
			if h := b.told()[id]; !h.Lent || h.Envelope == nil || string(h.Envelope.Subject) != "letter "+strings.TrimPrefix(string(id), "uid-") {
				t.Errorf("%s was told with %+v", id, h)
			}
			if b.box.Envelope(id) == nil || b.box.Envelope("uid-3") == nil {
				t.Error("what is wanted is not there")
			}
		}
		if b.box.Envelope(first) != nil {
			t.Error("what is not wanted any more is there still")
		}
	}
	if n := b.server.Sessions(); n != 1 {
		t.Errorf("%d sessions", n)
	}

	// With a new list there may be room again.
	b.forgetEvents()
	for n := range 5 {
		b.drop.Remove(fmt.Sprintf("uid-%d", messages-n))
	}
	if err := b.box.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.wait("the second scan's end", done)
	if len(b.told()) < 4 {
		t.Errorf("%d headers were read behind the first", len(b.told()))
	}
}

func TestP8_EnvelopesThatAScanLeavesBehindAreBounded(t *testing.T) {
	b := newBench(t, mailbox.Config{}, crowd(1500))
	b.mustOpen()
	seen, kept, octets := 0, 0, 0
	all := ids(b.box.List())
	for h, err := range b.box.Headers(t.Context(), all) {
		if err != nil || h.Envelope == nil {
			t.Fatalf("%+v, %v", h, err)
		}
		seen++
	}
	for _, id := range all {
		if e := b.box.Envelope(id); e != nil {
			kept++
			octets += e.Octets()
		}
	}
	if seen != len(all) || kept == 0 || octets > 16<<20 {
		t.Errorf("%d seen, %d kept with %d octets", seen, kept, octets)
	}
}
