package delivery_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"popmark/delivery"
	"popmark/delivery/faultfs"
)

// large makes a message of some mebioctets with line ends of CRLF, and how a file has it.
func large(mebioctets int) (sent, stored string) {
	var b strings.Builder
	b.WriteString("Subject: large\r\n\r\n")
	for i := 0; b.Len() < mebioctets<<20; i++ {
		fmt.Fprintf(&b, "line %d, with words to fill it up\r\n", i)
	}
	return b.String(), strings.ReplaceAll(b.String(), "\r\n", "\n")
}

// maildir makes a Maildir.
func maildir(t *testing.T, disk *faultfs.FS) delivery.Destination {
	t.Helper()
	dest := delivery.NewMaildir(disk, "/mail")
	if err := dest.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return dest
}

// put writes a message in pieces of so many octets and commits it.
func put(t *testing.T, dest delivery.Destination, message string, piece int) (delivery.Receipt, error) {
	t.Helper()
	d, err := dest.Begin(t.Context(), delivery.Meta{})
	if err != nil {
		return delivery.Receipt{}, err
	}
	defer func() { _ = d.Abort() }() // nothing where it was committed
	for rest := message; rest != ""; {
		n := min(piece, len(rest))
		if _, err := d.Write([]byte(rest[:n])); err != nil {
			return delivery.Receipt{}, err
		}
		rest = rest[n:]
	}
	return d.Commit(t.Context())
}

func TestALargeMessageIsTheSameInPiecesOfAnySize(t *testing.T) {
	sent, stored := large(3)
	for _, piece := range []int{1000, 128 << 10, 1<<20 - 1, 1 << 20, len(sent)} {
		disk := faultfs.New()
		dest := maildir(t, disk)
		receipt, err := put(t, dest, sent, piece)
		if err != nil || receipt.Octets != int64(len(sent)) {
			t.Errorf("in pieces of %d: %d octets, %v", piece, receipt.Octets, err)
		}
		if text, err := disk.ReadFile(receipt.Path); err != nil || string(text) != stored {
			t.Errorf("in pieces of %d: %d octets are stored, want %d (%v)", piece, len(text), len(stored), err)
		}
	}
}

func TestP2_ALargeMessageThatCannotBeWrittenIsNotCommitted(t *testing.T) {
	sent, _ := large(4)
	full := errors.New("the disk is full")
	for n := 1; ; n++ {
		disk := faultfs.New()
		dest := maildir(t, disk)
		disk.Inject(faultfs.FailNth(faultfs.Write, n, full))
		_, err := put(t, dest, sent, 50_000)
		if disk.Count(faultfs.Write) < n {
			if err != nil || n < 20 {
				t.Errorf("with %d writes, none of which failed: %v", n-1, err)
			}
			return
		}
		if !errors.Is(err, full) || len(disk.Files()) != 0 {
			t.Errorf("write %d failed: %v, and %d files are left", n, err, len(disk.Files()))
		}
	}
}

func TestALargeMessageCanBeGivenUp(t *testing.T) {
	sent, _ := large(2)
	disk := faultfs.New()
	d, err := maildir(t, disk).Begin(t.Context(), delivery.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write([]byte(sent)); err != nil {
		t.Fatal(err)
	}
	if err := d.Abort(); err != nil || len(disk.Files()) != 0 {
		t.Errorf("%d files are left, %v", len(disk.Files()), err)
	}
}
