package message

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func TestP8_EnvelopesAreSmall(t *testing.T) {
	const count, limit = 2000, 1024 // octets each: a hundred thousand take less than 100 MB
	kept := make([]Envelope, count)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range kept {
		kept[i] = Decoder{}.Envelope(typicalHeader)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int(after.HeapAlloc-before.HeapAlloc) / count
	if grown > limit {
		t.Errorf("an envelope keeps %d octets besides itself", grown)
	}
	runtime.KeepAlive(kept)
	t.Logf("%d octets besides itself", grown)
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
		const count, tries = 200, 5 // what else is collected meanwhile counts as well
		kept := make([]Envelope, count)
		for try := 1; ; try++ {
			var before, after runtime.MemStats
			clear(kept)
			runtime.GC()
			runtime.ReadMemStats(&before)
			for i := range kept {
				kept[i] = Decoder{}.Envelope(header)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			taken := (int(after.HeapAlloc)-int(before.HeapAlloc))/count + envelopeOctets
			told := kept[0].Octets()
			if told > taken*2/3 && told < taken*3/2 {
				break
			}
			if try == tries {
				t.Errorf("%s: it takes %d octets, and says %d", name, taken, told)
				break
			}
		}
	}
}
