package delivery_test

import (
	"errors"
	"strings"
	"testing"

	"popmark/delivery"
	"popmark/delivery/faultfs"
)

// A message so large that it is brought to the disk in parts is in place only where each of
// these fsyncs went well: a disk tells of a failure once, to whichever asks first.
func TestP2_AnEarlyFsyncThatFailsIsNotCommitted(t *testing.T) {
	delivery.SyncEarlyAfter(t, 1<<20)
	sent, _ := large(3)
	broken := errors.New("input/output error")
	for _, to := range []string{"maildir:/mail", "eml:/mail", "mbox:/mail"} {
		t.Run(to, func(t *testing.T) {
			for n := 1; ; n++ {
				disk := faultfs.New()
				dest, err := delivery.ParseFS(disk, to)
				if err != nil {
					t.Fatal(err)
				}
				if err := dest.Prepare(t.Context()); err != nil {
					t.Fatal(err)
				}
				before := disk.Count(faultfs.Sync)
				disk.Inject(faultfs.FailNth(faultfs.Sync, n, broken))
				_, err = put(t, dest, sent, 128<<10)
				if disk.Count(faultfs.Sync)-before < n {
					if err != nil || n < 3 {
						t.Errorf("with %d fsyncs, none of which failed: %v", n-1, err)
					}
					return
				}
				if !errors.Is(err, broken) {
					t.Errorf("fsync %d failed, and the message was delivered: %v", n, err)
				}
				for name, text := range disk.Files() {
					if len(text) > 0 && !strings.HasSuffix(name, ".popmark") {
						t.Errorf("fsync %d failed: %d octets are left in %s", n, len(text), name)
					}
				}
			}
		})
	}
}
