package pop3client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"github.com/emersion/go-sasl"
)

var errTodo = errors.ErrUnsupported

// Client is one POP3 session.
type Client struct{}

// Pending is the handle of a command that was queued.
type Pending[T any] struct{ v T }

// Wait returns the answer.
func (p *Pending[T]) Wait(ctx context.Context) (T, error) { return p.v, errTodo }

// Body is the text of RETR or TOP, un-stuffed, CRLF as sent; io.EOF only after the lone dot.
type Body struct{}

func (b *Body) Read(p []byte) (int, error)         { return 0, errTodo }
func (b *Body) WriteTo(w io.Writer) (int64, error) { return 0, errTodo }

// Octets is how many octets of text were handed out so far.
func (b *Body) Octets() int64 { return 0 }

// Close discards the rest.
func (b *Body) Close() error { return errTodo }

// Transcript receives the dialogue.
type Transcript struct{}

// NewTranscript writes lines to w and sink; either may be nil.
func NewTranscript(w io.Writer, sink func(line string)) *Transcript { return nil }

func Dial(ctx context.Context, network, addr string, o *Options) (*Client, error) {
	return nil, errTodo
}

func DialTLS(ctx context.Context, network, addr string, o *Options) (*Client, error) {
	return nil, errTodo
}

func New(ctx context.Context, conn net.Conn, o *Options) (*Client, error) { return nil, errTodo }

func (c *Client) Greeting() string                              { return "" }
func (c *Client) Timestamp() string                             { return "" }
func (c *Client) State() State                                  { return 0 }
func (c *Client) TLS() (tls.ConnectionState, bool)              { return tls.ConnectionState{}, false }
func (c *Client) Capabilities() Capabilities                    { return Capabilities{} }
func (c *Client) SetCapabilities(lines []string)                {}
func (c *Client) PipeliningTrusted() bool                       { return false }
func (c *Client) Window() int                                   { return 0 }
func (c *Client) InFlight() int                                 { return 0 }
func (c *Client) RTT() time.Duration                            { return 0 }
func (c *Client) Rate() float64                                 { return 0 }
func (c *Client) Close() error                                  { return nil }
func (c *Client) User(name string) *Pending[string]             { return nil }
func (c *Client) Pass(password string) *Pending[string]         { return nil }
func (c *Client) Apop(user, secret string) *Pending[string]     { return nil }
func (c *Client) Auth(ctx context.Context, m sasl.Client) error { return errTodo }
func (c *Client) Login(ctx context.Context, cr Credentials) (mechanism string, err error) {
	return "", errTodo
}
func (c *Client) StartTLS(ctx context.Context) error { return errTodo }
func (c *Client) Capa() *Pending[Capabilities]       { return nil }
func (c *Client) Stat() *Pending[MaildropStat]       { return nil }
func (c *Client) List() *Pending[Listing]            { return nil }
func (c *Client) ListOne(n int) *Pending[ListEntry]  { return nil }
func (c *Client) Uidl() *Pending[UIDListing]         { return nil }
func (c *Client) UidlOne(n int) *Pending[UidlEntry]  { return nil }
func (c *Client) Retr(n int) *Pending[*Body]         { return nil }

// RetrSized is Retr with the size that LIST gave, for the window's reckoning.
func (c *Client) RetrSized(n int, octets int64) *Pending[*Body] { return nil }
func (c *Client) Top(n, lines int) *Pending[*Body]              { return nil }
func (c *Client) Dele(n int) *Pending[string]                   { return nil }
func (c *Client) Rset() *Pending[string]                        { return nil }
func (c *Client) Noop() *Pending[string]                        { return nil }
func (c *Client) Quit() *Pending[string]                        { return nil }
func (c *Client) Utf8() *Pending[string]                        { return nil }
func (c *Client) Lang(tag string) *Pending[string]              { return nil }

// Kind says what the refusal means.
func (e *ServerError) Kind() Kind { return KindOther }

func NewSOCKS5Dialer(proxyURL string, base ContextDialer) (ContextDialer, error) { return nil, errTodo }
func NewTunnelDialer(command string) ContextDialer                               { return nil }
func NewUnixDialer(path string) ContextDialer                                    { return nil }
