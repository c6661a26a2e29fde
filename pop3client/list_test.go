package pop3client

import (
	"context"
	"io"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestP8_AMillionMessages lists a maildrop of the largest size allowed.
func TestP8_AMillionMessages(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a second")
	}
	const messages = 1_000_000
	lines := func(p *peer, before string) {
		b := []byte("+OK\r\n")
		for n := 1; n <= messages; n++ {
			b = append(append(strconv.AppendInt(b, int64(n), 10), ' '), before...)
			b = append(strconv.AppendInt(b, int64(n), 10), "\r\n"...)
			if len(b) > 64<<10 {
				p.say(string(b))
				b = b[:0]
			}
		}
		p.say(string(b) + ".\r\n")
	}
	c := enter(t, nil, func(p *peer) {
		p.want("LIST")
		lines(p, "12")
		p.want("UIDL")
		lines(p, "0123456789abcdef.")
	})
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	list, uidl := got(t, c.List()), got(t, c.Uidl())
	if grown := (heap() - before) >> 20; grown > 150 {
		t.Errorf("the lists take %d MiB", grown)
	}
	last := list.Entries[messages-1]
	if len(list.Entries) != messages || last != (ListEntry{messages, 12_1000000}) || list.OddLines != 0 {
		t.Errorf("LIST: %d entries, the last %+v, %d odd", len(list.Entries), last, list.OddLines)
	}
	if len(uidl.Entries) != messages || uidl.Entries[41] != (UidlEntry{42, "0123456789abcdef.42"}) {
		t.Errorf("UIDL: %d entries, one %+v", len(uidl.Entries), uidl.Entries[41])
	}
	runtime.KeepAlive(list)
}

func TestNumbersListedTwiceAreQuoted(t *testing.T) {
	c := enter(t, nil, func(p *peer) {
		p.answer("LIST", "+OK\r\n1 131\r\n1 99\r\n2 5\r\n.\r\n")
		p.answer("UIDL", "+OK\r\n1 a\r\n2 b\r\n2 b\r\n.\r\n")
	})
	if l := got(t, c.List()); len(l.Odd) != 1 || l.Odd[0].Line != "1 99" {
		t.Errorf("LIST: %+v", l.Odd)
	}
	if l := got(t, c.Uidl()); len(l.Odd) != 1 || l.Odd[0].Line != "2 b" {
		t.Errorf("UIDL: %+v", l.Odd)
	}
}

func TestCheckUID(t *testing.T) {
	for uid, good := range map[string]bool{
		"whqtswO00WBw418f9t5JxYwZ": true, "!~": true, strings.Repeat("x", 70): true,
		"": false, "a b": false, strings.Repeat("x", 71): false, "a\x7f": false, "caf\xe9": false, "é": false, "\x1b": false,
	} {
		if problem := CheckUID(uid); (problem == "") != good {
			t.Errorf("%q: %q", uid, problem)
		}
	}
}

func TestCapabilities(t *testing.T) {
	caps := Capabilities{Lines: []string{
		"top", "UIDL", "Sasl plain CRAM-MD5", "SASL xoauth2", "EXPIRE 60 USER", "LOGIN-DELAY 300", "PIPELINING",
		"IMPLEMENTATION Some Server  v1.2 ", "RESP-CODES", "STLS", "UTF8 USER", "USER",
	}}
	if !reflect.DeepEqual(caps.SASL(), []string{"PLAIN", "CRAM-MD5", "XOAUTH2"}) || !caps.HasSASL("cram-md5") || caps.HasSASL("LOGIN") {
		t.Errorf("SASL: %v", caps.SASL())
	}
	if !caps.TOP() || !caps.UIDL() || !caps.Pipelining() || !caps.STLS() || !caps.UTF8() || !caps.User() || !caps.RespCodes() {
		t.Error("a capability is missing")
	}
	if d, ok := caps.LoginDelay(); d != 5*time.Minute || !ok {
		t.Errorf("LOGIN-DELAY: %s, %v", d, ok)
	}
	if s := caps.Implementation(); s != "Some Server  v1.2" {
		t.Errorf("IMPLEMENTATION: %q", s)
	}
	for line, want := range map[string]struct {
		days int
		ok   bool
	}{
		"EXPIRE 60 USER": {60, true}, "EXPIRE NEVER": {NeverExpires, true}, "EXPIRENEVER": {NeverExpires, true},
		"EXPIRE": {0, false}, "EXPIRE soon": {0, false}, "EXPIRE 0": {0, true}, "TOP": {0, false},
	} {
		if days, ok := (Capabilities{Lines: []string{line}}).Expire(); days != want.days || ok != want.ok {
			t.Errorf("%s: %d, %v", line, days, ok)
		}
	}
	if (Capabilities{Lines: []string{"LOGIN-DELAY x"}}).Implementation() != "" {
		t.Error("IMPLEMENTATION out of nothing")
	}
}

func TestCapabilitiesOfTheSession(t *testing.T) {
	c := meet(t, nil, func(p *peer) {
		p.answer("CAPA", "+OK\r\nPIPELINING\r\nSTLS\r\n.\r\n")
		p.answer("USER u", "+OK\r\n")
		p.answer("PASS p", "+OK\r\n")
		p.want("STAT", "CAPA")
		p.say("+OK 0 0\r\n+OK\r\nTOP\r\n.\r\n")
	})
	c.SetCapabilities([]string{"TOP"})
	if caps := c.Capabilities(); !caps.Remembered || !caps.Asked || !caps.TOP() {
		t.Errorf("remembered: %+v", caps)
	}
	got(t, c.Capa())
	c.SetCapabilities([]string{"TOP"})
	if caps := c.Capabilities(); caps.Remembered || caps.TOP() || caps.State != StateAuthorization {
		t.Errorf("asked: %+v", caps)
	}
	got(t, c.User("u"))
	got(t, c.Pass("p"))
	stat, capa := c.Stat(), c.Capa()
	if caps := got(t, capa); caps.State != StateTransaction || !caps.TOP() {
		t.Errorf("after the login: %+v", caps)
	}
	got(t, stat)
	if c.Window() != 1 {
		t.Error("what CAPA said before the login outlives what it said after")
	}
}

func TestWindowAdapts(t *testing.T) {
	var e estimate
	if e.budget() != startBudget {
		t.Errorf("the first budget is %d", e.budget())
	}
	now := time.Unix(0, 0)
	feed := func(rate int, d time.Duration) {
		for range 200 {
			now = now.Add(d / 200)
			e.arrived(int(float64(rate)*d.Seconds()/200), now)
		}
	}
	e.rtt = 100 * time.Millisecond
	feed(125_000, 20*time.Second) // 1 Mbit/s
	if b := e.budget(); b < leastBudget || b > 70_000 {
		t.Errorf("at 1 Mbit/s: %d", b)
	}
	feed(125_000_000, 5*time.Second) // 1 Gbit/s
	if b := e.budget(); b < 55<<20 || b > mostBudget {
		t.Errorf("at 1 Gbit/s: %d", b)
	}
	e.rtt = time.Second
	feed(1_000_000, 5*time.Second)
	if b := e.budget(); b < 3_900_000 || b > 4_200_000 {
		t.Errorf("by satellite: %d", b)
	}
}

func TestCommandsUnderWayAreBounded(t *testing.T) {
	const messages = maxCommands + 1000
	most := 0
	c := enterPipelining(t, nil, func(p *peer) {
		for n := range messages {
			if _, err := p.r.ReadString('\n'); err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(p.conn, "+OK\r\n\r\n.\r\n")
			_ = n
		}
	})
	queue := make([]*Pending[*Body], messages)
	for n := range queue {
		queue[n] = c.Top(n+1, 0)
	}
	if n := c.InFlight(); n != messages {
		t.Errorf("%d in flight", n)
	}
	for _, p := range queue {
		body, err := p.Wait(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			t.Fatal(err)
		}
		c.mu.Lock()
		most = max(most, c.wire.len())
		c.mu.Unlock()
	}
	if most > maxCommands || most < maxCommands/2 {
		t.Errorf("%d were under way at once", most)
	}
	if c.InFlight() != 0 {
		t.Errorf("%d are left", c.InFlight())
	}
}
