package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var namedOption = regexp.MustCompile(`(?:^|[^\w-])--([a-z][a-z-]*)`)

// TestEveryOptionThatIsNamedExists reads every text in the program's sources, errors and what they advise
// above all: an option that a command once had, or should have had, helps nobody.
func TestEveryOptionThatIsNamedExists(t *testing.T) {
	known := []string{"help", "version"} // cobra's own
	var collect func(*cobra.Command)
	collect = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		for _, sub := range c.Commands() {
			collect(sub)
		}
	}
	collect((&app{}).root())
	for _, folder := range []string{"account", "cli", "commit", "delivery", "keymap", "ledger", "mailbox", "message", "pop3client", "triage", "ui"} {
		named := 0
		err := filepath.WalkDir(filepath.Join("..", folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			for at, name := range optionsNamedIn(t, path) {
				if named++; !slices.Contains(known, name) {
					t.Errorf("%s: no command has --%s", at, name)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if named == 0 && (folder == "account" || folder == "cli") {
			t.Errorf("no option is named in %s, which can't be", folder)
		}
	}
}

// optionsNamedIn gives the names of options in the texts of a source file, by where they stand.
func optionsNamedIn(t *testing.T, path string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, data, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	named := make(map[string]string)
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range namedOption.FindAllStringSubmatch(text, -1) {
			named[files.Position(literal.Pos()).String()+" ("+strconv.Itoa(i)+")"] = m[1]
		}
		return true
	})
	return named
}
