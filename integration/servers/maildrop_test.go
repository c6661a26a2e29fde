package servers

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// A server renames and removes files while the test looks: it did so once behind QUIT.
func TestAMaildirIsReadWhileItsServerWorksOnIt(t *testing.T) {
	d := newMaildirDrop(t, t.TempDir(), os.Getuid(), os.Getgid())
	d.deliver(t, []string{"one\r\n", "two\r\n"})
	list, err := os.ReadDir(filepath.Join(d.dir, "new"))
	if err != nil {
		t.Fatal(err)
	}
	name := list[0].Name()
	stop := make(chan struct{})
	var working sync.WaitGroup
	working.Go(func() {
		from := filepath.Join(d.dir, "new", name)
		for flags := ":2,"; ; flags += "S" {
			select {
			case <-stop:
				return
			default:
			}
			if len(flags) > 60 {
				flags = ":2,"
			}
			to := filepath.Join(d.dir, "cur", name+flags)
			if err := os.Rename(from, to); err != nil {
				t.Error(err)
				return
			}
			from = to
		}
	})
	defer working.Wait()
	defer close(stop)
	want := []string{"one\r\n", "two\r\n"}
	for range 300 {
		got := d.messages(t)
		if len(got) == 1 && got[0] == want[1] {
			continue // the file was in neither listing while it got its new name
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q", got)
		}
	}
}
