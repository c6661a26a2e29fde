package mailbox_test

import (
	"testing"

	"popmark/mailbox"
	"popmark/message"
)

func TestRetrIsHarmlessOnlyWhereTheServerSaysSo(t *testing.T) {
	for _, c := range []struct {
		info mailbox.Info
		want mailbox.RetrEffect
	}{
		{mailbox.Info{}, mailbox.RetrUnknown},
		{mailbox.Info{Greeting: "Hello there."}, mailbox.RetrUnknown},
		{mailbox.Info{Expire: "NEVER"}, mailbox.RetrHarmless},
		{mailbox.Info{Expire: "never USER"}, mailbox.RetrHarmless},
		{mailbox.Info{Expire: "0"}, mailbox.RetrMarks},
		{mailbox.Info{Expire: "30"}, mailbox.RetrMarks},
		{mailbox.Info{Greeting: "Dovecot (Debian) ready."}, mailbox.RetrMarks},
		{mailbox.Info{Greeting: "Dovecot ready.", Expire: "NEVER"}, mailbox.RetrMarks},
		{mailbox.Info{Capabilities: []message.Safe{"TOP", "X-GOOGLE-RICO"}}, mailbox.RetrMarks},
		{mailbox.Info{Implementation: "Zimbra"}, mailbox.RetrMarks},
	} {
		if got, why := c.info.Retr(); got != c.want || why == "" {
			t.Errorf("%+v: %v (%s), want %v", c.info, got, why, c.want)
		}
	}
}

func TestWholeGivesAMessageByRetr(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(2))
	b.mustOpen()
	raw, err := b.box.Whole(t.Context(), "uid-2")
	if err != nil || int64(len(raw)) != b.box.List().Messages[1].Octets {
		t.Errorf("%d octets, %v", len(raw), err)
	}
	if sent := b.server.Commands(); sent[len(sent)-1] != "RETR 2" {
		t.Errorf("sent %q", sent)
	}
}
