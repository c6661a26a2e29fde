package delivery

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// deliver writes a message in pieces of a size and commits it.
func deliver(ctx context.Context, dest Destination, meta Meta, message string, piece int) (planned, got Receipt, err error) {
	d, err := dest.Begin(ctx, meta)
	if err != nil {
		return planned, got, err
	}
	defer func() { _ = d.Abort() }() // nothing where it was committed
	for rest := message; rest != ""; {
		n := min(piece, len(rest))
		if _, err := d.Write([]byte(rest[:n])); err != nil {
			return planned, got, err
		}
		rest = rest[n:]
	}
	planned = d.Planned()
	got, err = d.Commit(ctx)
	return planned, got, err
}

func mustDeliver(t *testing.T, dest Destination, message string) Receipt {
	t.Helper()
	planned, got, err := deliver(t.Context(), dest, Meta{From: "ann@example.org", Subject: "s"}, message, 7)
	if err != nil {
		t.Fatal(err)
	}
	if _, command := dest.(*Pipe); planned != got && !command {
		t.Errorf("planned %+v, got %+v", planned, got)
	}
	if want := int64(len(message)); got.Octets != want {
		t.Errorf("octets: %d, want %d", got.Octets, want)
	}
	if got.SHA256 != sha256.Sum256([]byte(message)) {
		t.Error("the hash is not the one of the octets received")
	}
	return got
}

// sample makes a message with CRLF line ends, of about a size.
func sample(n, size int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "From: a%d@example.org\r\nSubject: message %d\r\n\r\n", n, n)
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "line %d of message %d, with words to fill it up\r\n", i, n)
	}
	return b.String()
}

// lf is what is stored of a message.
func lf(message string) string { return strings.ReplaceAll(message, "\r\n", "\n") }
