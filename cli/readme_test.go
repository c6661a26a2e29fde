package cli

import (
	"flag"
	"os"
	"strings"
	"testing"

	"popmark/keymap"
)

var update = flag.Bool("update", false, "write what is made from the program into the README")

// TestREADMEShowsTheKeys keeps the README's key tables as package keymap has them.
func TestREADMEShowsTheKeys(t *testing.T) {
	const file, begin, end = "../README.md", "<!-- keys:", "<!-- end of keys -->"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	from := strings.Index(text, begin)
	to := strings.Index(text, end)
	if from < 0 || to < from {
		t.Fatalf("%s has no place for the keys, between %q and %q", file, begin, end)
	}
	from += strings.Index(text[from:], "\n") + 1
	want := "\n" + keymap.Markdown() + "\n"
	if text[from:to] == want {
		return
	}
	if !*update {
		t.Fatalf("the keys in %s are not those of package keymap: go test ./cli -run README -update writes them", file)
	}
	if err := os.WriteFile(file, []byte(text[:from]+want+text[to:]), 0o644); err != nil {
		t.Fatal(err)
	}
}
