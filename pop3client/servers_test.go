package pop3client_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"popmark/pop3client"
	"popmark/pop3server"
)

// three is a maildrop of three messages with subjects 1, 2 and 3.
func three() *pop3server.Memory {
	m := pop3server.NewMemory()
	for n := range 3 {
		m.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n+1), pop3server.CRLF(fmt.Sprintf("Subject: %d", n+1), "", ".dot", "text")))
	}
	return m
}

// view is what a session saw of a maildrop.
type view struct {
	messages int
	sizes    []int64
	uids     []string
	subjects []string
	odd      int
}

// look lists a maildrop and scans its headers, as far as the server lets it.
func look(t *testing.T, c *pop3client.Client) (v view, err error) {
	t.Helper()
	ctx := t.Context()
	stat, uidl, list := c.Stat(), c.Uidl(), c.List()
	s, err := stat.Wait(ctx)
	if err != nil {
		return v, err
	}
	v.messages = s.Messages
	var refused *pop3client.ServerError
	u, err := uidl.Wait(ctx)
	if err != nil && !errors.As(err, &refused) {
		return v, err
	}
	for _, e := range u.Entries {
		v.uids = append(v.uids, e.UID)
	}
	l, err := list.Wait(ctx)
	if err != nil {
		return v, err
	}
	v.odd = u.OddLines + l.OddLines
	tops := make([]*pop3client.Pending[*pop3client.Body], 0, len(l.Entries))
	for _, e := range l.Entries {
		v.sizes = append(v.sizes, e.Octets)
		tops = append(tops, c.Top(e.Number, 0))
	}
	for _, top := range tops {
		body, err := top.Wait(ctx)
		if errors.As(err, &refused) {
			v.subjects = append(v.subjects, "-")
			continue
		}
		if err != nil {
			return v, err
		}
		text, err := io.ReadAll(body)
		if err != nil {
			return v, err
		}
		v.subjects = append(v.subjects, strings.TrimPrefix(strings.TrimSpace(string(text)), "Subject: "))
	}
	return v, nil
}

func TestServersAsTheyAre(t *testing.T) {
	on := pop3server.On
	edit := func(command string, change func(line string) string) pop3server.Option {
		return pop3server.WithHooks(pop3server.Lines(on(command), func(i int, line string) (string, bool) {
			if i == 0 || len(line) < 2 { // the status line, the lone dot
				return line, true
			}
			return change(line), true
		}))
	}
	whole := view{messages: 3, sizes: []int64{26, 26, 26}, uids: []string{"uid-1", "uid-2", "uid-3"}, subjects: []string{"1", "2", "3"}}
	with := func(change func(*view)) view {
		v := whole
		v.sizes, v.uids, v.subjects = slices.Clone(v.sizes), slices.Clone(v.uids), slices.Clone(v.subjects)
		change(&v)
		return v
	}
	for name, tc := range map[string]struct {
		option pop3server.Option
		want   view
	}{
		"good":              {pop3server.WithGreeting("hello"), whole},
		"no CAPA":           {pop3server.Without("CAPA"), whole},
		"no PIPELINING":     {pop3server.Without("PIPELINING"), whole},
		"no response codes": {pop3server.Without("RESP-CODES", "AUTH-RESP-CODE"), whole},
		"no SASL":           {pop3server.Without("SASL"), whole},
		"lower-case CAPA":   {pop3server.WithCapabilities(pop3server.LowerCase), whole},
		"no UIDL":           {pop3server.Without("UIDL"), with(func(v *view) { v.uids = nil })},
		"no TOP":            {pop3server.Without("TOP"), with(func(v *view) { v.subjects = []string{"-", "-", "-"} })},
		"-ERR for one TOP":  {pop3server.WithHooks(pop3server.Refuse(on("TOP 2"), "no")), with(func(v *view) { v.subjects[1] = "-" })},
		"LF only":           {pop3server.WithHooks(pop3server.LFOnly(on("*"))), whole},
		"disorder":          {pop3server.WithHooks(pop3server.Reverse(on("UIDL"))), with(func(v *view) { slices.Reverse(v.uids) })},
		"wrong sizes":       {edit("LIST", func(line string) string { return strings.Replace(line, " 26", " 9999999", 1) }), with(func(v *view) { v.sizes = []int64{9999999, 9999999, 9999999} })},
		"more words":        {edit("LIST", func(line string) string { return line + "  octets, or so" }), whole},
		"more spaces":       {edit("UIDL", func(line string) string { return strings.ReplaceAll(line, " ", "   ") }), whole},
		"a UID left out":    {pop3server.WithHooks(pop3server.Lines(on("UIDL"), func(i int, line string) (string, bool) { return line, i != 2 })), with(func(v *view) { v.uids = []string{"uid-1", "uid-3"} })},
		"the same UID":      {edit("UIDL", func(line string) string { return strings.ReplaceAll(line, "uid-3", "uid-1") }), with(func(v *view) { v.uids[2] = "uid-1" })},
		"a UID too long":    {edit("UIDL", func(line string) string { return strings.ReplaceAll(line, "uid-3", strings.Repeat("u", 90)) }), with(func(v *view) { v.uids[2] = strings.Repeat("u", 90); v.odd = 1 })},
		"NUL and 8 bits":    {edit("UIDL", func(line string) string { return strings.ReplaceAll(line, "uid-3", "u\x00\xff") }), with(func(v *view) { v.uids[2] = "u\x00\xff"; v.odd = 1 })},
	} {
		t.Run(name, func(t *testing.T) {
			_, addr := serve(t, pop3server.WithUser("u", "secret", three()), tc.option)
			c := login(t, addr, nil)
			got, err := look(t, c)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(tc.want) {
				t.Fatalf("%+v, %v\nwant %+v", got, err, tc.want)
			}
			if _, err := c.Quit().Wait(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPipeliningThatIsNoneIsFoundOut meets servers that say PIPELINING and lose what comes behind a
// command, or stall, and goes on one command at a time.
func TestPipeliningThatIsNoneIsFoundOut(t *testing.T) {
	for name, hook := range map[string]pop3server.Hook{
		"swallows": pop3server.Swallow(pop3server.On("STAT")),
		"stalls":   pop3server.Stall(pop3server.Pipelined(pop3server.On("*"))),
		"garbles":  pop3server.Disguise(pop3server.Pipelined(pop3server.On("*")), "what?\r\n"),
		"drops":    pop3server.Cut(pop3server.Pipelined(pop3server.On("*")), pop3server.Close),
	} {
		t.Run(name, func(t *testing.T) {
			_, addr := serve(t, pop3server.WithUser("u", "secret", three()), pop3server.WithSharedMaildrops(), pop3server.WithHooks(hook))
			c := login(t, addr, &pop3client.Options{AnswerTimeout: 600 * time.Millisecond})
			_, err := look(t, c)
			if !errors.Is(err, pop3client.ErrPipeliningBroken) {
				t.Fatalf("the error is %v", err)
			}
			_ = c.Close()
			c = login(t, addr, &pop3client.Options{Pipelining: pop3client.PipeliningNever})
			if v, err := look(t, c); err != nil || len(v.subjects) != 3 {
				t.Errorf("one at a time: %+v, %v", v, err)
			}
		})
	}
}

func TestNothingGoesPastThePassword(t *testing.T) {
	_, addr := serve(t, pop3server.WithUser("u", "secret", three()), pop3server.WithHooks(
		pop3server.Swallow(pop3server.On("PASS")), pop3server.Swallow(pop3server.On("AUTH"))))
	c := login(t, addr, &pop3client.Options{AnswerTimeout: 5 * time.Second})
	if v, err := look(t, c); err != nil || len(v.subjects) != 3 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestTheDialogueIsExact(t *testing.T) {
	maildrop := three()
	s, addr := serve(t, pop3server.WithUser("u", "secret", maildrop))
	c := login(t, addr, nil)
	before := len(s.Commands())
	dele, retr, quit := c.Dele(1), c.Retr(2), c.Quit()
	if _, err := dele.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	body, err := retr.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		t.Fatal(err)
	}
	if _, err := quit.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sent := s.Commands()[before:]; !slices.Equal(sent, []string{"DELE 1", "RETR 2", "QUIT"}) {
		t.Errorf("%q", sent)
	}
	if left := maildrop.UIDLs(); !slices.Equal(left, []string{"uid-2", "uid-3"}) {
		t.Errorf("%q are left", left)
	}
}

// TestManyGoroutines is for the race detector.
func TestManyGoroutines(t *testing.T) {
	_, addr := serve(t, pop3server.WithUser("u", "secret", pop3server.NewGenerated(200, pop3server.Uniform{Size: 500})))
	c := login(t, addr, nil)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for n := range 50 {
				e, err := c.UidlOne(1 + (g*50+n)%200).Wait(t.Context())
				if err != nil || e.Number != 1+(g*50+n)%200 {
					t.Errorf("%+v, %v", e, err)
					return
				}
				_ = c.Window() + c.InFlight() + int(c.Rate()) + int(c.RTT())
			}
		})
	}
	wg.Wait()
	if _, err := c.Quit().Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTenThousandDeletionsInAFlight(t *testing.T) {
	maildrop := pop3server.NewGenerated(10000, pop3server.Uniform{Size: 500})
	_, addr := serve(t, pop3server.WithUser("u", "secret", maildrop), pop3server.WithoutLog())
	c := login(t, addr, nil)
	marks := make([]*pop3client.Pending[string], maildrop.Len())
	for n := range marks {
		marks[n] = c.Dele(n + 1)
	}
	quit := c.Quit()
	for _, m := range marks {
		if _, err := m.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := quit.Wait(t.Context()); err != nil || maildrop.Len() != 0 {
		t.Errorf("%d are left, %v", maildrop.Len(), err)
	}
}
