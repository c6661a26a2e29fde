package delivery

import (
	"bytes"
	"testing"
)

// So many messages may wait for the disk at once that what each holds counts (P8).
func TestP8_AMessageThatIsWholeHoldsNoMoreThanALargeBuffer(t *testing.T) {
	for _, octets := range []int{besideFrom + 1, besideFrom + largeBuffer + 1, besideFrom + 3*largeBuffer/2, besideFrom + besideBuffer + largeBuffer} {
		s := newSpool(t.Context(), OS(), t.TempDir()+"/text")
		for rest := bytes.Repeat([]byte("x"), octets); len(rest) > 0; {
			n, err := s.Write(rest[:min(len(rest), 50_000)])
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := s.end(); err != nil {
			t.Fatal(err)
		}
		if n := cap(*s.buf); n > largeBuffer {
			t.Errorf("of %d octets a buffer of %d is held", octets, n)
		}
		if n := s.receipt("", "").Octets; n != int64(octets) {
			t.Errorf("%d octets were taken in, want %d", n, octets)
		}
		if err := s.drop(true); err != nil {
			t.Error(err)
		}
	}
}
