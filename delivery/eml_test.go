package delivery

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

func TestEMLNamesAreSafeWhateverTheHeadersHold(t *testing.T) {
	date := time.Date(2026, 1, 31, 9, 5, 0, 0, time.UTC)
	for _, c := range []struct{ from, subject, want string }{
		{"ann@example.org", "Hello there", "2026-01-31 0905 ann@example.org Hello there"},
		{"", "", "2026-01-31 0905 unknown no subject"},
		{"../../etc/passwd", "..", "2026-01-31 0905 .._.._etc_passwd no subject"},
		{"a/b", `c\d:e*f?g"h<i>j|k`, "2026-01-31 0905 a_b c_d_e_f_g_h_i_j_k"},
		{"a", "tab\tand\nnewline\x00\x1b[31m", "2026-01-31 0905 a tab and newline__[31m"},
		{"a", "\u202egnp.exe \u200b", "2026-01-31 0905 a _gnp.exe _"},
		{"a", "  many   spaces  ", "2026-01-31 0905 a many spaces"},
		{"a", "ends with dots...", "2026-01-31 0905 a ends with dots"},
		{"a", "中文邮件", "2026-01-31 0905 a 中文邮件"},
		{"a", "bad \xff utf-8", "2026-01-31 0905 a bad _ utf-8"},
	} {
		if got := emlName(Meta{From: c.from, Subject: c.subject, Date: date}); got != c.want {
			t.Errorf("%q, %q: %q, want %q", c.from, c.subject, got, c.want)
		}
	}
	if got := emlName(Meta{From: "-rf", Subject: "x"}); got != "undated -rf x" {
		t.Errorf("without a date: %q", got)
	}
}

func FuzzEMLName(f *testing.F) {
	f.Add("ann@example.org", "Re: 你好")
	f.Add("/../", strings.Repeat("é", 300))
	f.Fuzz(func(t *testing.T, from, subject string) {
		name := emlName(Meta{From: from, Subject: subject})
		if len(name) > maxEMLName || !utf8.ValidString(name) || strings.ContainsAny(name, "/\\\x00\n") || !strings.HasPrefix(name, "undated ") {
			t.Errorf("%q", name)
		}
	})
}

func TestEMLNeverOverwrites(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	e := NewEML(OS(), dir)
	if err := e.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := mustDeliver(t, e, "a\r\n")
	d, err := e.Begin(t.Context(), Meta{From: "ann@example.org", Subject: "s"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write([]byte("b\r\n")); err != nil {
		t.Fatal(err)
	}
	planned := d.Planned()
	if filepath.Base(planned.Path) != "undated ann@example.org s (2).eml" {
		t.Errorf("planned %q", planned.Path)
	}
	// Another program takes the planned name in between.
	if err := os.WriteFile(planned.Path, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if e.Find(t.Context(), planned) {
		t.Error("another's file was taken for the message")
	}
	got, err := d.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !e.Find(t.Context(), got) || !e.Find(t.Context(), first) || e.Find(t.Context(), planned) {
		t.Error("not found where they are")
	}
	for path, want := range map[string]string{first.Path: "a\n", planned.Path: "theirs", got.Path: "b\n"} {
		if text := readFile(t, path); text != want {
			t.Errorf("%s holds %q, want %q", path, text, want)
		}
	}
	if err := os.WriteFile(got.Path, []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if e.Find(t.Context(), got) {
		t.Error("a changed file is still taken for the message")
	}
}

func TestEMLGivesManyOfTheSameNameANumberEach(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	const n = 100
	var wg sync.WaitGroup
	for range 2 { // two programs at once
		e := NewEML(OS(), dir)
		if err := e.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			wg.Go(func() {
				if _, _, err := deliver(t.Context(), e, Meta{Subject: "same"}, sample(i, 100), 1<<20); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if got := names(t, dir); len(got) != 2*n {
		t.Errorf("%d files, want %d: %q", len(got), 2*n, got[:3])
	}
}
