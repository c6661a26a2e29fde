package pop3client

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func sprint(format string, v any) string { return fmt.Sprintf(format, v) }

// listen accepts one connection and hands it to serve.
func listen(t *testing.T, network, addr string, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		serve(conn)
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-over
	})
	return l.Addr().String()
}

// bye greets and answers QUIT.
func bye(conn net.Conn) {
	_, _ = io.WriteString(conn, "+OK ready\r\n")
	buf := make([]byte, 6)
	if _, err := io.ReadFull(conn, buf); err == nil && string(buf) == "QUIT\r\n" {
		_, _ = io.WriteString(conn, "+OK bye\r\n")
	}
}

// visit greets and says goodbye, and tells whether a password might go over the line.
func visit(t *testing.T, network, addr string, opts *Options) (mayCarry bool) {
	t.Helper()
	c, err := Dial(t.Context(), network, addr, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	mayCarry = MayCarryPassword(c.conn)
	if text := got(t, c.Quit()); text != "bye" {
		t.Errorf("QUIT: %q", text)
	}
	return mayCarry
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pop3")
	listen(t, "unix", path, bye)
	if !visit(t, "tcp", "mail.example:110", &Options{Dialer: NewUnixDialer(path)}) {
		t.Error("a unix socket counts as another machine")
	}
	path += "2"
	listen(t, "unix", path, bye)
	visit(t, "unix", path, nil)
}

func TestTunnel(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are a Unix shell's")
	}
	echo := `printf '+OK ready\r\n'; while read line; do printf '+OK bye\r\n'; done`
	if visit(t, "tcp", "mail.example:110", &Options{Dialer: NewTunnelDialer(echo)}) {
		t.Error("a tunnel counts as safe")
	}
	t.Run("a silent command times out and is ended", func(t *testing.T) {
		pid := filepath.Join(t.TempDir(), "pid")
		command := fmt.Sprintf(`echo $$ > '%s'; trap '' HUP TERM; while :; do sleep 60; done`, pid)
		begin := time.Now()
		_, err := Dial(t.Context(), "tcp", "h:110", &Options{Dialer: NewTunnelDialer(command), AnswerTimeout: 300 * time.Millisecond})
		_ = asError[*TimeoutError](t, err)
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("it took %s", took)
		}
		raw, err := os.ReadFile(pid)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat("/proc/" + strings.TrimSpace(string(raw))); err == nil {
			t.Error("the command still runs")
		}
	})
	t.Run("a command that fails", func(t *testing.T) {
		_, err := Dial(t.Context(), "tcp", "h:110", &Options{Dialer: NewTunnelDialer("exit 3")})
		_ = asError[*CutError](t, err)
		if e := asError[*TunnelError](t, err); e.Status != "exit status 3" || e.Words != "" {
			t.Errorf("%+v", e)
		}
		if _, err = Dial(t.Context(), "tcp", "h:110", &Options{Dialer: NewTunnelDialer("")}); err == nil {
			t.Error("an empty command was run")
		}
	})
}

var _ net.Error = (*TunnelError)(nil)

func TestP7_ATunnelsLastWordsAreTheReason(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are a Unix shell's")
	}
	long := strings.Repeat("x", 2*shownOctets)
	for command, want := range map[string]string{
		`echo first >&2; printf '\033[31mPermission denied\033[0m\r\n\n' >&2; exit 255`: `exit status 255: \x1b[31mPermission denied\x1b[0m`,
		`printf 'no line end' >&2; exit 1`:                                              "exit status 1: no line end",
		`echo ` + long + ` >&2; exit 1`:                                                 "exit status 1: " + long[:shownOctets],
		`echo bye >&2`:                                                                  "exit status 0: bye",
		`kill -9 $$`:                                                                    "signal: killed",
		`printf '+OK ready\r\n'; read line; echo gone >&2; exit 4`:                      "exit status 4: gone",
		`sleep 2 >&- & echo left something running >&2; exit 5`:                         "exit status 5: left something running",
	} {
		c, err := Dial(t.Context(), "tcp", "h:110", &Options{Dialer: NewTunnelDialer(command)})
		if err == nil {
			_, err = c.Capa().Wait(t.Context())
			_ = c.Close()
		}
		_ = asError[*CutError](t, err)
		if e := asError[*TunnelError](t, err); !strings.HasSuffix(err.Error(), e.Error()) || !strings.HasSuffix(e.Error(), "ended with "+want) || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", command, err)
		}
	}
}

// socks5 is a proxy that takes a name and a password, and speaks POP3 itself in the place of the
// one asked for, whose address goes to asked.
func socks5(t *testing.T, asked chan<- string) string {
	return listen(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
		read := func(n int) []byte {
			buf := make([]byte, n)
			if _, err := io.ReadFull(conn, buf); err != nil {
				t.Errorf("reading the proxy's request: %v", err)
			}
			return buf
		}
		methods := read(int(read(2)[1]))
		if !strings.Contains(string(methods), "\x02") {
			t.Errorf("methods %v", methods)
		}
		_, _ = conn.Write([]byte{5, 2})
		name := read(int(read(2)[1]))
		password := read(int(read(1)[0]))
		if string(name) != "me" || string(password) != "pw" {
			t.Errorf("%q, %q", name, password)
		}
		_, _ = conn.Write([]byte{1, 0})
		head := read(4)
		if head[3] != 3 {
			t.Errorf("address type %d: the name was looked up here", head[3])
			return
		}
		host := read(int(read(1)[0]))
		asked <- fmt.Sprintf("%s:%d", host, binary.BigEndian.Uint16(read(2)))
		_, _ = conn.Write([]byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 110})
		bye(conn)
	})
}

func TestSOCKS5Proxy(t *testing.T) {
	asked := make(chan string, 1)
	dialer, err := NewSOCKS5Dialer("socks5://me:pw@"+socks5(t, asked), nil)
	if err != nil {
		t.Fatal(err)
	}
	if visit(t, "tcp", "mail.example:110", &Options{Dialer: dialer}) {
		t.Error("a proxy on loopback makes its far end loopback")
	}
	if addr := <-asked; addr != "mail.example:110" {
		t.Errorf("the proxy was asked for %s", addr)
	}
	for _, bad := range []string{"http://proxy:1080", "socks5://", "socks5://u:pw@host:port", "://"} {
		if _, err := NewSOCKS5Dialer(bad, nil); err == nil || strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSOCKS5ProxyCanBeLeft(t *testing.T) {
	release := make(chan struct{})
	addr := listen(t, "tcp", "127.0.0.1:0", func(net.Conn) { <-release })
	defer close(release)
	dialer, err := NewSOCKS5Dialer("socks5://"+addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Dial(t.Context(), "tcp", "mail.example:110", &Options{Dialer: dialer, ConnectTimeout: 50 * time.Millisecond})
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestDialFailures(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	var op *net.OpError
	if _, err := Dial(t.Context(), "tcp", addr, nil); !errors.As(err, &op) || !strings.Contains(err.Error(), "connecting to "+addr) {
		t.Errorf("%v", err)
	}
	if _, err := DialTLS(done(t), "tcp", addr, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	// TLS with a server that speaks in clear.
	addr = listen(t, "tcp", "127.0.0.1:0", bye)
	if _, err := DialTLS(t.Context(), "tcp", addr, nil); err == nil || !strings.Contains(err.Error(), "changing to TLS with "+addr) {
		t.Errorf("%v", err)
	}
}

func TestP6_AProxysURLIsNotRepeated(t *testing.T) {
	for _, bad := range []string{
		"socks5://me:hunter2", "socks5://me:hun/ter2@host", "socks5://me:hunter2#x@host:1", "socks5://me:hunter2?@host", "socks5://me:hunter2%zz@host",
		"socks5://me:%hu@host", "hunter2", "me:hunter2@host:1080",
	} {
		_, err := NewSOCKS5Dialer(bad, nil)
		if err == nil || strings.Contains(err.Error(), "hun") || strings.Contains(err.Error(), "ter2") || strings.Contains(err.Error(), "%zz") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
