package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// takesQuery marks the commands whose arguments are a query, in which "-" is "not".
var takesQuery = map[string]string{"query": "yes"}

// shield keeps a query's "-from:boss" from being read as an option: it puts a NUL, which
// no argument can have, before each word that begins with one hyphen and is none.
func shield(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil || cmd.Annotations["query"] == "" {
		return args
	}
	shielded := make([]string, len(args))
	isValue := false // of the option before
	for i, arg := range args {
		shielded[i] = arg
		switch {
		case isValue:
			isValue = false
		case arg == "--":
			copy(shielded[i:], args[i:])
			return shielded
		case strings.HasPrefix(arg, "--"):
			flag := cmd.Flags().Lookup(arg[2:])
			isValue = flag != nil && flag.NoOptDefVal == ""
		case len(arg) > 1 && arg[0] == '-' && arg != "-h":
			shielded[i] = "\x00" + arg
		}
	}
	return shielded
}

// queryOf joins the words of a query or a selection.
func queryOf(args []string) string {
	return strings.ReplaceAll(strings.Join(args, " "), "\x00", "")
}
