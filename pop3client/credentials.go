package pop3client

import "log/slog"

// Names of mechanisms for Credentials.Mechanism. Letters match in either case.
const (
	MechanismAuto            = "AUTO"
	MechanismUser            = "USER"
	MechanismAPOP            = "APOP"
	MechanismPlain           = "PLAIN"
	MechanismLogin           = "LOGIN"
	MechanismCRAMMD5         = "CRAM-MD5"
	MechanismSCRAMSHA1       = "SCRAM-SHA-1"
	MechanismSCRAMSHA1Plus   = "SCRAM-SHA-1-PLUS"
	MechanismSCRAMSHA256     = "SCRAM-SHA-256"
	MechanismSCRAMSHA256Plus = "SCRAM-SHA-256-PLUS"
	MechanismXOAUTH2         = "XOAUTH2"
	MechanismOAuthBearer     = "OAUTHBEARER"
	MechanismExternal        = "EXTERNAL"
)

// Credentials are what Login needs. They print as the user name alone.
type Credentials struct {
	User string
	// Password is the password, or the access token for XOAUTH2 and OAUTHBEARER.
	Password string
	// Identity is whom to act for (SASL's authorization identity); "" is the user.
	Identity string
	// Mechanism is one of the Mechanism… names; "" is MechanismAuto.
	Mechanism string
	// AllowPlaintext lets a password go over a line that is not encrypted to a peer that is not
	// this machine.
	AllowPlaintext bool
	// Host and Port go into OAUTHBEARER's message where set (RFC 7628, section 3.1).
	Host string
	Port int
	// UTF8 asks for UTF-8 before the login, and Language for a language of the server's texts by
	// its tag, where the server offers them (RFC 6856). A refusal is no error.
	UTF8     bool
	Language string
}

// String returns the user name: never a secret.
func (c Credentials) String() string { return c.User }

// GoString returns the user name: never a secret.
func (c Credentials) GoString() string { return c.User }

// LogValue returns the user name: never a secret.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.User) }
