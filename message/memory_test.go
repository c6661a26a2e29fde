package message

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// taken gives how many octets each of count envelopes takes besides itself.
func taken(header []byte, count int) (int, Envelope) {
	kept := make([]Envelope, count)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range kept {
		kept[i] = Decoder{}.Envelope(header)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	return (int(after.HeapAlloc) - int(before.HeapAlloc)) / count, kept[0]
}

func TestP8_EnvelopesAreSmall(t *testing.T) {
	const limit = 1024 // octets each: a hundred thousand take less than 100 MB
	octets, _ := taken(typicalHeader, 2000)
	if octets > limit {
		t.Errorf("an envelope keeps %d octets besides itself", octets)
	}
	t.Logf("%d octets besides itself", octets)
}

// What is held back by it must not be far from what is really taken.
func TestP8_OctetsTellWhatAnEnvelopeTakes(t *testing.T) {
	var many strings.Builder
	for i := range 150 {
		fmt.Fprintf(&many, ",\r\n \"Somebody, number %d\" <somebody.%d@mail.example.org>", i, i)
	}
	crowded := "From: a@example.org\r\nTo: b@example.org" + many.String() + "\r\nCc: c@example.org" + many.String() +
		"\r\nSubject: " + strings.Repeat("x", 1500) + "\r\n\r\n"
	for name, header := range map[string][]byte{
		"typical": typicalHeader,
		"crowded": []byte(crowded),
		"long":    []byte("Subject: " + strings.Repeat("=?utf-8?q?=C3=A4?= ", 40) + "\r\nTo: " + strings.Repeat("x", 90<<10) + "\r\n\r\n"),
	} {
		const tries = 5 // what else is collected meanwhile counts as well
		for try := 1; ; try++ {
			octets, envelope := taken(header, 200)
			octets += envelopeOctets
			told := envelope.Octets()
			if told > octets*2/3 && told < octets*3/2 {
				break
			}
			if try == tries {
				t.Errorf("%s: it takes %d octets, and says %d", name, octets, told)
				break
			}
		}
	}
}
