package demo

import (
	"bytes"
	"encoding/base64"
	"io"
	"sync"
)

// Filler is the base64 of an attachment: always the same, looking like
// anything compressed. A line of 76 characters holds 57 octets.
const (
	fillerWidth = 76
	fillerLine  = fillerWidth + 2
	fillerHolds = 57
)

// fillerBlock is 512 lines of filler with their ends.
var fillerBlock = sync.OnceValue(func() []byte {
	var block bytes.Buffer
	state := uint64(0x9e3779b97f4a7c15)
	raw := make([]byte, fillerHolds)
	for range 512 {
		for i := range raw {
			state ^= state << 13
			state ^= state >> 7
			state ^= state << 17
			raw[i] = byte(state >> 32)
		}
		block.WriteString(base64.StdEncoding.EncodeToString(raw) + "\r\n")
	}
	return block.Bytes()
})

// fillerOctets is how long the filler is that holds this many octets, in whole
// lines.
func fillerOctets(decoded int64) int64 {
	return (decoded + fillerHolds - 1) / fillerHolds * fillerLine
}

// filler reads left octets of a block, over and over.
type filler struct {
	block []byte
	left  int64
	at    int
}

func newFiller(decoded int64) *filler {
	return &filler{block: fillerBlock(), left: fillerOctets(decoded)}
}

// next gives the next octets at hand, at most limit.
func (f *filler) next(limit int64) []byte {
	chunk := f.block[f.at:]
	return chunk[:min(int64(len(chunk)), f.left, limit)]
}

func (f *filler) skip(n int) {
	f.left -= int64(n)
	f.at = (f.at + n) % len(f.block)
}

func (f *filler) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	n := copy(p, f.next(int64(len(p))))
	f.skip(n)
	return n, nil
}

// WriteTo spares a copy of each block.
func (f *filler) WriteTo(w io.Writer) (int64, error) {
	var sent int64
	for f.left > 0 {
		n, err := w.Write(f.next(f.left))
		sent += int64(n)
		f.skip(n)
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}
