package triage

import (
	"strings"
	"testing"
	"unicode/utf8"

	"popmark/mailbox"
)

// uidls has those that could be taken for one another.
var uidls = []string{
	"", "0000001a5b", `a"b\c`, "a\x1b[2Jb", "a\u202eb", "é", "\xe9", "\xe8", "\xff", "\ufffd", "a\x00b", "ab",
	"\uefe9", "a\uefe9", "a\xe9", "\uef00", "\uef41", "A", "\xee\xbf", "é\uefe9", "\u00e9\xe9",
}

func TestUIDTextIsHandedBack(t *testing.T) {
	for in, want := range map[string]string{
		"uid-1": "uid-1", "é": "é", "a\x1bb": "a\x1bb", "a\u202eb": "a\u202eb",
		"\xe9": "\uefe9", "a\x00b": "a\uef00b", "é\xff": "\uefc3\uefa9\uefff", "\uefff": "\uefee\uefbf\uefbf",
	} {
		if got := UIDText(in); got != want {
			t.Errorf("the text of %q is %q, want %q", in, got, want)
		}
	}
}

func TestP3_UIDTextSelectsItsMessageAndNoOther(t *testing.T) {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	for _, uid := range uidls[1:] {
		q, err := ParseQuery(`uid:"`+escape.Replace(UIDText(uid))+`"`, now)
		if err != nil {
			t.Errorf("%q: %v", uid, err)
			continue
		}
		for _, other := range uidls {
			if got := q.Match(Row{Message: &mailbox.Message{UID: other}}); got != (uid == other) {
				t.Errorf("the text of %q selects %q: %v", uid, other, got)
			}
		}
	}
}

func FuzzUIDText(f *testing.F) {
	for _, uid := range uidls {
		f.Add(uid)
	}
	f.Fuzz(func(t *testing.T, uid string) {
		text := UIDText(uid)
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			t.Errorf("%q has the text %q, which no argument or JSON can hold", uid, text)
		}
		if got := uidOf(text); got != uid {
			t.Errorf("%q came back as %q", uid, got)
		}
	})
}
