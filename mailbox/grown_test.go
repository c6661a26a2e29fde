package mailbox

import "testing"

func TestAMessageMayGrowByWhatServersWriteIntoIt(t *testing.T) {
	const own = "From: a@b.example\r\nX-UIDL: 52b7\r\nSubject: x\r\n"
	for _, tt := range []struct {
		name   string
		header string
		grew   int64
		want   bool
	}{
		{"by all that mailutils adds", own + "X-UID: 1\r\nStatus: O\r\n\r\n", 14 + 10 + 11, true},
		{"by one of them", own + "X-IMAPbase: 17 5\r\nStatus: O\r\n\r\n", 18, true},
		{"by a letter of its status", own + "Status: RO\r\n\r\n", 1, true},
		{"where a line end is one octet", own + "X-UID: 1\r\nStatus: O\r\n\r\n", 9 + 10, true},
		{"with a line that goes on", own + "X-Keywords: a\r\n b\r\n\r\n", 15 + 4, true},
		{"by something else", own + "X-UID: 1\r\nStatus: O\r\n\r\n", 17, false},
		{"without such a field", own + "\r\n", 30, false},
		{"without bearing its UIDL", "From: a@b.example\r\nX-UID: 1\r\n\r\n", 10, false},
		{"with another's UIDL", "From: a@b.example\r\nX-UIDL: 52b8\r\nX-UID: 1\r\n\r\n", 10, false},
		{"with two UIDLs", own + "X-UIDL: 52b7\r\nX-UID: 1\r\n\r\n", 10, false},
		{"in its text", own + "\r\nX-UID: 1\r\n", 10, false},
		{"not at all", own + "X-UID: 1\r\n\r\n", 0, false},
		{"backwards", own + "X-UID: 1\r\n\r\n", -10, false},
		{"by one of so many that some sum always fits", own + "X-UID: 1\r\nX-UID: 12\r\nX-UID: 123\r\nX-UID: 1234\r\nStatus: O\r\n\r\n", 10, false},
	} {
		if got := HasGrown([]byte(tt.header), "52b7", 500, 500+tt.grew); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
