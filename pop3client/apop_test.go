package pop3client

import "testing"

func TestTimestamps(t *testing.T) {
	for greeting, want := range map[string]string{
		"ready <1896.697170952@dbc.mtview.ca.us>": "<1896.697170952@dbc.mtview.ca.us>",
		"<a@b> first":                          "<a@b>",
		"<not one> but <this@is.one> and more": "<this@is.one>",
		"< <inner@host>":                       "<inner@host>",
		"<\"quoted local\"@host>":              "<\"quoted local\"@host>",
		"<a@[127.0.0.1]>":                      "<a@[127.0.0.1]>",
		"<3f.2a.5f.Abc/+=def==@mail>":          "<3f.2a.5f.Abc/+=def==@mail>",
		"none":                                 "",
		"<open":                                "",
		"<@host>":                              "",
		"<local@>":                             "",
		"<a@b@c>":                              "",
		"<a..b@c>":                             "",
		"<a b@c>":                              "",
		"<a\x01b@c>":                           "",
		"<a\xffb@c>":                           "",
		"<\"a\x80\"@c>":                        "",
		"<a@b\r>":                              "",
	} {
		if got := findTimestamp([]byte(greeting)); got != want {
			t.Errorf("%q: %q, want %q", greeting, got, want)
		}
	}
}
