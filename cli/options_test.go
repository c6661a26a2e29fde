package cli

import "testing"

func TestLanguageIsTheEnvironments(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{nil, ""},
		{map[string]string{"LANG": "de_DE.UTF-8"}, "de"},
		{map[string]string{"LANG": "de_DE.UTF-8", "LC_ALL": "C.UTF-8"}, ""},
		{map[string]string{"LANG": "de_DE.UTF-8", "LC_MESSAGES": "zh_CN@pinyin"}, "zh"},
		{map[string]string{"LANG": "POSIX"}, ""},
	} {
		if got := language(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: %q, want %q", c.env, got, c.want)
		}
	}
}
