package pop3client

import "log/slog"

// Names of mechanisms for Credentials.Mechanism. Letters match in either case. All but the first
// three are SASL mechanisms, which go over AUTH (RFC 5034).
const (
	// MechanismAuto leaves the choice to [Client.Login].
	MechanismAuto = "AUTO"
	// MechanismUser is USER and PASS (RFC 1939, section 7): the password goes as it is.
	MechanismUser = "USER"
	// MechanismAPOP is APOP (RFC 1939, section 7): a digest of the password and the greeting's timestamp.
	MechanismAPOP = "APOP"
	// MechanismPlain is PLAIN (RFC 4616): the password goes as it is.
	MechanismPlain = "PLAIN"
	// MechanismLogin is LOGIN, older than PLAIN and never standardised: the password goes as it is.
	MechanismLogin = "LOGIN"
	// MechanismCRAMMD5 is CRAM-MD5 (RFC 2195): a digest of the password and a challenge.
	MechanismCRAMMD5 = "CRAM-MD5"
	// MechanismSCRAMSHA1 is SCRAM-SHA-1 (RFC 5802): client and server prove to each other that they
	// know the password.
	MechanismSCRAMSHA1 = "SCRAM-SHA-1"
	// MechanismSCRAMSHA1Plus is SCRAM-SHA-1 bound to the TLS channel: tls-exporter (RFC 9266) with
	// TLS 1.3, tls-server-end-point (RFC 5929) before.
	MechanismSCRAMSHA1Plus = "SCRAM-SHA-1-PLUS"
	// MechanismSCRAMSHA256 is SCRAM-SHA-256 (RFC 7677).
	MechanismSCRAMSHA256 = "SCRAM-SHA-256"
	// MechanismSCRAMSHA256Plus is SCRAM-SHA-256 bound to the TLS channel.
	MechanismSCRAMSHA256Plus = "SCRAM-SHA-256-PLUS"
	// MechanismXOAUTH2 is what Google and Microsoft take an access token with. The token goes in a
	// second step.
	MechanismXOAUTH2 = "XOAUTH2"
	// MechanismOAuthBearer is OAUTHBEARER (RFC 7628), the standard for access tokens.
	MechanismOAuthBearer = "OAUTHBEARER"
	// MechanismExternal is EXTERNAL (RFC 4422, appendix A): TLS's client certificate says who it is.
	MechanismExternal = "EXTERNAL"
)

// Credentials are what Login needs. They print as the user name alone, whatever the verb.
type Credentials struct {
	// User is the name to log in with. It may be "" for EXTERNAL, where the certificate names the user.
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
	// Host goes into OAUTHBEARER's message where it is set (RFC 7628, section 3.1).
	Host string
	// Port goes there as well, where it is not zero.
	Port int
	// UTF8 asks for UTF-8 before the login where the server offers it (RFC 6856). A
	// refusal is no error.
	UTF8 bool
	// Language asks for the server's texts in a language by its tag, such as "fr", where the server
	// offers that (RFC 6856). "" does not ask. A refusal is no error.
	Language string
}

// String returns the user name: never a secret.
func (c Credentials) String() string { return c.User }

// GoString returns the user name: never a secret.
func (c Credentials) GoString() string { return c.User }

// LogValue returns the user name: never a secret.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.User) }
