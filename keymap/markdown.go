package keymap

import "strings"

// Markdown returns the key list as Markdown tables, one a group, for the README.
func Markdown() string { return Default().Markdown() }

// Markdown returns the map's key list as Markdown tables, one a group.
func (m *Map) Markdown() string {
	var b strings.Builder
	for i, g := range Groups() {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("| " + string(g) + " | |\n| --- | --- |\n")
		for _, binding := range m.In(g, Everywhere) {
			for j, key := range binding.Keys {
				if j > 0 {
					b.WriteByte(' ')
				} else {
					b.WriteString("| ")
				}
				b.WriteString("`" + strings.ReplaceAll(Shown(key), "|", `\|`) + "`")
			}
			b.WriteString(" | " + binding.Words + " |\n")
		}
	}
	return b.String()
}
