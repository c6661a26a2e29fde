package message

import (
	"runtime"
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
