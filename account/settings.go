package account

import (
	"io"
	"slices"
	"time"
)

// The values of Settings.TLS.
const (
	TLSAuto     = "auto"     // STLS where the server offers it; TLS from the first octet for pop3s
	TLSImplicit = "implicit" // TLS from the first octet
	TLSStartTLS = "starttls" // STLS, or nothing
	TLSNone     = "none"     // never encrypted
)

// TLSModes are the values of Settings.TLS.
func TLSModes() []string { return []string{TLSAuto, TLSImplicit, TLSStartTLS, TLSNone} }

// Values of Settings.Auth that are no SASL mechanism's name.
const (
	AuthAuto = "auto" // the best that both sides have
	AuthUser = "user" // USER and PASS (RFC 1939 section 7)
	AuthAPOP = "apop" // APOP (RFC 1939 section 7)
)

// AuthModes are the values of Settings.Auth.
func AuthModes() []string {
	return []string{
		AuthAuto, AuthUser, AuthAPOP, "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256",
		"xoauth2", "oauthbearer", "external",
	}
}

// ValidAuth says whether name is one of [AuthModes].
func ValidAuth(name string) bool { return slices.Contains(AuthModes(), name) }

// Settings says how to reach a mailbox and how to log in to it. The zero value is
// usable: everything at its default, and no source of a password. Fields that name
// sources of a password are tried in their order.
type Settings struct {
	TLS string // one of TLSModes; "" is TLSAuto
	// Each of the next three demands TLS where the connection begins in clear and TLS is TLSAuto.
	TLSCA          string // a PEM file whose certificates are trusted as well as the system's
	TLSFingerprint string // "sha256:…" of the server's certificate, trusted instead of any authority
	TLSCert        string // a PEM file with the client's certificate, and its key unless TLSKey has it
	TLSKey         string // a PEM file with the client certificate's key; "" looks for it in TLSCert

	Auth           string // one of AuthModes; "" is AuthAuto, or what the TARGET's ;auth= says
	AllowPlaintext bool   // let a password go over a line that is not encrypted

	PasswordCommand        string // --password-command: the only source when it is set
	Password               string // POPMARK_PASSWORD's value
	AccountPasswordCommand string // the account's own password_command
	Keyring                bool   // ask the system's keyring
	Terminal               bool   // ask at the terminal

	Timeout time.Duration // the longest wait for a single-line answer, and for the next octets of a longer one; 0: pop3client's default
	Wait    time.Duration // how long a locked mailbox or a LOGIN-DELAY is tried again
	Waiting func(Wait)    // told before each pause of Wait; may be nil

	Language string // a language tag such as "fr" for the server's texts, where it can choose; "" is the server's choice

	Proxy  string // socks5://host:port; "" is what the environment's ALL_PROXY says
	Tunnel string // a command whose standard input and output are the connection

	Transcript io.Writer    // the dialogue, a line each, without secrets; nil: none
	Dialogue   func(string) // told each line of the dialogue as it happens; nil: nobody
	NoPipeline bool         // one command at a time, whatever the server advertises
}

// Wait tells of a pause before a login is tried again.
type Wait struct {
	Err   error         // why: the server's refusal
	Pause time.Duration // how long until the next try
	Left  time.Duration // how much of Settings.Wait is left after it
}
