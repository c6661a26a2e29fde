package pop3client

import (
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
)

// tellable counts how often the system is told something of a connection.
type tellable struct {
	net.Conn
	told atomic.Int64
}

func (c *tellable) SyscallConn() (syscall.RawConn, error) { return (*toldConn)(c), nil }

type toldConn tellable

func (c *toldConn) Control(func(fd uintptr)) error    { c.told.Add(1); return nil }
func (c *toldConn) Read(func(fd uintptr) bool) error  { return nil }
func (c *toldConn) Write(func(fd uintptr) bool) error { return nil }

// popa3d and solid-pop3d write TOP's answer in two pieces, and the second only when the first is acknowledged.
func TestAnswersAreAcknowledgedAtOnceWhereOneIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := &tellable{Conn: play(t, func(p *peer) {
			p.say("+OK\r\n")
			p.answer("USER u", "+OK\r\n")
			p.answer("PASS p", "+OK\r\n")
			for range 3 {
				p.answer("NOOP", "+OK\r\n")
			}
			p.want("NOOP", "NOOP", "NOOP")
			p.say("+OK\r\n+OK\r\n+OK\r\n")
		})}
		c, err := New(t.Context(), conn, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		got(t, c.User("u"))
		got(t, c.Pass("p"))
		synctest.Wait()
		conn.told.Store(0)
		for range 3 {
			got(t, c.Noop())
		}
		synctest.Wait()
		if n := conn.told.Load(); n != 3 {
			t.Errorf("it was told %d times for 3 commands", n)
		}
		c.SetCapabilities([]string{"PIPELINING"})
		conn.told.Store(0)
		first, second, third := c.Noop(), c.Noop(), c.Noop()
		got(t, first)
		got(t, second)
		got(t, third)
		synctest.Wait()
		if n := conn.told.Load(); n > 1 {
			t.Errorf("it was told %d times for 3 commands together", n)
		}
	})
}
