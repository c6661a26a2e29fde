package account

import (
	"slices"
	"strings"
	"testing"

	"popmark/pop3server"
)

func TestUTF8AndLanguageAreAskedForBeforeTheLoginWhereTheServerHasThem(t *testing.T) {
	offering := func(names ...string) pop3server.Option {
		return pop3server.WithCapabilities(func(_ pop3server.Phase, lines []string) []string { return append(lines, names...) })
	}
	refusing := pop3server.WithHooks(pop3server.Refuse(pop3server.On("UTF8"), "no"), pop3server.Refuse(pop3server.On("LANG"), "no such language"))
	for _, c := range []struct {
		name    string
		options []pop3server.Option
		lang    string
		want    []string
	}{
		{"both", []pop3server.Option{offering("UTF8 USER", "LANG")}, "fr", []string{"CAPA", "UTF8", "LANG fr"}},
		{"refused", []pop3server.Option{offering("UTF8", "LANG"), refusing}, "fr", []string{"CAPA", "UTF8", "LANG fr"}},
		{"without PIPELINING", []pop3server.Option{offering("UTF8", "LANG"), pop3server.Without("PIPELINING")}, "fr", []string{"CAPA", "UTF8", "LANG fr"}},
		{"no language of one's own", []pop3server.Option{offering("UTF8", "LANG")}, "", []string{"CAPA", "UTF8"}},
		{"neither", []pop3server.Option{pop3server.Without("UTF8", "LANG")}, "fr", []string{"CAPA"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, addr := serve(t, c.options...)
			if _, err := connect(t, "pop3://joe@"+addr, Settings{Language: c.lang, Auth: "user"}); err != nil {
				t.Fatal(err)
			}
			sent := s.Commands()
			login := slices.IndexFunc(sent, func(line string) bool { return strings.HasPrefix(line, "USER") })
			if login < 0 || !slices.Equal(sent[:login], c.want) {
				t.Errorf("sent %q", sent)
			}
		})
	}
}

func TestARefusedPasswordIsTriedOnceWhereUTF8GoesBeforeIt(t *testing.T) {
	s, addr := serve(t)
	_, err := connect(t, "pop3://joe@"+addr, Settings{Password: "wrong"})
	if err == nil || !strings.Contains(err.Error(), "joe") {
		t.Errorf("error %v", err)
	}
	tries := 0
	for _, line := range s.Commands() {
		if strings.HasPrefix(line, "AUTH") || strings.HasPrefix(line, "PASS") {
			tries++
		}
	}
	if tries != 1 {
		t.Errorf("%d tries: %q", tries, s.Commands())
	}
}
