package delivery

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestPrepareRemovesWhatAKilledRunLeftLongAgo(t *testing.T) {
	const token = "0123456789abcdef"
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for _, c := range []struct {
		name  string
		dest  Destination
		ours  []string
		other []string
	}{
		{"eml", NewEML(OS(), dir), []string{".popmark-" + token + ".part"}, []string{"popmark.eml", ".popmark-x.part"}},
		{"mbox", NewMbox(OS(), filepath.Join(dir, "b.x")), []string{".b.x.popmark-" + token + ".part", "b.x.lock-" + token}, []string{"bax.lock-" + token, "b.x.lock-", "b.x"}},
		{"pipe", NewPipe("cat"), []string{"popmark-" + token + ".part"}, []string{"popmark-" + token + ".part.txt"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			old := time.Now().Add(-leftoverAge - time.Minute)
			for _, name := range append(c.ours, c.other...) {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(path, old, old); err != nil {
					t.Fatal(err)
				}
			}
			young := filepath.Join(dir, ".popmark-fedcba9876543210.part")
			if err := os.WriteFile(young, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := c.dest.Prepare(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, name := range c.ours {
				if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
					t.Errorf("%s is still there", name)
				}
			}
			for _, name := range append(c.other, filepath.Base(young)) {
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					t.Errorf("%s is gone", name)
				}
			}
		})
	}
}
