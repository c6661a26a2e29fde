package delivery_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"popmark/delivery"
	"popmark/delivery/faultfs"
)

func TestMboxWaitsForADotLockAndThenSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := faultfs.New()
		m := delivery.NewMbox(fsys, "/box")
		if err := m.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		f, err := fsys.OpenFile("/box.lock", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(f, "1 another.host.example\n"); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		err = one(m, 1).err
		if !errors.Is(err, delivery.ErrTemporary) || delivery.ExitStatus(err) != 75 || !strings.Contains(err.Error(), "/box.lock") {
			t.Errorf("locked: %v", err)
		}
		if waited := time.Since(start); waited < 30*time.Second || waited > time.Minute {
			t.Errorf("waited %v", waited)
		}
		time.AfterFunc(3*time.Second, func() { _ = fsys.Remove("/box.lock") })
		if err := one(m, 1).err; err != nil {
			t.Errorf("after the lock was gone: %v", err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestMboxRecoveryNeverCutsWhatOthersWrote has a half-written message, and after it
// what other programs do to the file.
func TestMboxRecoveryNeverCutsWhatOthersWrote(t *testing.T) {
	const before = "From x Thu Jan  1 00:00:00 1970\nSubject: old\n\ntext\n\n"
	const ours = "From me Fri Jan  2 00:00:00 1970"
	const intended = ours + "\nSubject: half\n\nline of text\nanother line\n\n"
	const foreign = "From y Sat Jan  3 00:00:00 1970\nSubject: other\n\nx\n\n"
	const zoned = "From y@host.example Sat Jan 3 00:00 MET 1970\n\nx\n\n"
	for _, c := range []struct {
		name, file, want string
		warns            bool
	}{
		{"half of it", before + intended[:50], before, false},
		{"half of its first line", before + intended[:12], before, false},
		{"all of it, not acknowledged", before + intended, before, false},
		{"nothing of it", before, before, false},
		{"another message behind it", before + intended[:50] + "\n\n" + foreign, before + intended[:50] + "\n\n" + foreign, true},
		{"another message on its half line", before + intended[:50] + foreign, before + intended[:50] + foreign, true},
		{"another message on its half line, with a time zone", before + intended[:50] + zoned, before + intended[:50] + zoned, true},
		{"another message on its half first line", before + intended[:12] + foreign, before + intended[:12] + foreign, true},
		{"another message behind a half line that is a quote", before + intended[:50] + "\n>" + foreign, before + intended[:50] + "\n>" + foreign, true},
		{"another message in its place", before + foreign, before + foreign, false},
		{"rewritten shorter", foreign + foreign, foreign + foreign, false},
		{"the old one removed", intended[:50], intended[:50], false},
		{"rewritten, text in its place", before[:len(before)-1] + "more text here, and more\n\n", before[:len(before)-1] + "more text here, and more\n\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := faultfs.New()
			fsys.WriteFile("/box", []byte(c.file))
			fsys.WriteFile("/box.popmark", fmt.Appendf(nil, `{"size":%d,"total":%d,"messages":[{"at":%d,"from":%q}]}`,
				len(before), len(intended)+100, len(before), ours))
			m := delivery.NewMbox(fsys, "/box")
			var told []string
			delivery.Tell(m, func(text string) { told = append(told, text) })
			if err := m.Prepare(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(told, "\n"); c.warns != strings.Contains(got, fmt.Sprintf("/box from octet %d on", len(before))) || !c.warns && got != "" {
				t.Errorf("told %q", told)
			}
			if got, err := fsys.ReadFile("/box"); err != nil || string(got) != c.want {
				t.Errorf("%q, want %q (%v)", got, c.want, err)
			}
			if _, err := fsys.Stat("/box.popmark"); err == nil {
				t.Error("the intent is still there")
			}
			o := one(m, 1)
			if got, err := fsys.ReadFile("/box"); o.err != nil || err != nil || !strings.HasPrefix(string(got), c.want) || !m.Find(t.Context(), o.receipt) {
				t.Errorf("then appended to: %.200q (%v, %v)", got, o.err, err)
			}
		})
	}
}
