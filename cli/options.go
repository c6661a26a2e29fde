package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"popmark/account"
	"popmark/delivery"
	"popmark/ledger"
	"popmark/message"
)

// targetOptions are the options of every command with a TARGET.
type targetOptions struct {
	tls, tlsCA, tlsFingerprint, tlsCert, tlsKey string
	auth                                        string
	allowPlaintext                              bool
	passwordCommand                             string
	accountCommand                              string // no option: the account's own password_command
	password                                    string // no option: the demo's
	timeout, wait                               time.Duration
	retries                                     int
	proxy, tunnel                               string
	charset                                     string
	transcript                                  string
	state                                       stateOptions

	flags *pflag.FlagSet // tells what was given from what was not
}

func (o *targetOptions) register(f *pflag.FlagSet) {
	o.flags = f
	f.StringVar(&o.tls, "tls", account.TLSAuto, "how to encrypt: "+strings.Join(account.TLSModes(), ", "))
	f.StringVar(&o.tlsCA, "tls-ca", "", "trust this PEM FILE as well as the system's authorities")
	f.StringVar(&o.tlsFingerprint, "tls-fingerprint", "", "trust the certificate with this sha256:HEX and no other")
	f.StringVar(&o.tlsCert, "tls-cert", "", "show the server the client certificate in this PEM FILE")
	f.StringVar(&o.tlsKey, "tls-key", "", "the client certificate's key, where its FILE is another")
	f.StringVar(&o.auth, "auth", account.AuthAuto, "how to log in: "+strings.Join(account.AuthModes(), ", "))
	f.BoolVar(&o.allowPlaintext, "allow-plaintext", false, "send the password over a connection that is not encrypted")
	f.StringVar(&o.passwordCommand, "password-command", "", "take the first line that CMD prints as the password")
	f.DurationVar(&o.timeout, "timeout", 60*time.Second, "the longest wait for an answer")
	f.DurationVar(&o.wait, "wait", 0, "how long to try a locked mailbox again")
	f.IntVar(&o.retries, "retries", 3, "how often to take a broken line up again")
	f.StringVar(&o.proxy, "proxy", "", "go through this SOCKS proxy, socks5://host:port")
	f.StringVar(&o.tunnel, "tunnel", "", "talk to the standard input and output of CMD, such as ssh gateway nc host 110; it has no terminal to ask for a password on")
	f.StringVar(&o.charset, "charset", "", "take raw 8-bit text that nothing explains to be in this charset, such as iso-8859-2 (windows-1252)")
	f.StringVar(&o.transcript, "transcript", "", "append the dialogue, without secrets, to FILE")
	o.state.register(f)
}

// settings checks the options that are nobody else's to check.
func (o *targetOptions) settings(s Streams) (account.Settings, error) {
	if o.retries < 0 {
		return account.Settings{}, &usageError{"reading --retries", "it is negative", "write a number from 0 up"}
	}
	if o.timeout <= 0 {
		return account.Settings{}, &usageError{"reading --timeout", "it is not above zero", "write a duration such as 90s or 5m"}
	}
	if strings.TrimSpace(o.passwordCommand) == "" && o.flags != nil && o.flags.Changed("password-command") {
		return account.Settings{}, &statusError{exitConfig, errors.New("reading --password-command: it is empty: give a command that prints the password as its first line, or leave the option out")}
	}
	if err := o.refuseEmpty(); err != nil {
		return account.Settings{}, err
	}
	if o.charset != "" && !message.KnownCharset(o.charset) {
		return account.Settings{}, &usageError{"reading --charset", fmt.Sprintf("%q is not known", o.charset), "write a name such as iso-8859-2, koi8-r or gb18030"}
	}
	if err := o.state.check(); err != nil {
		return account.Settings{}, err
	}
	password := s.Password
	if o.password != "" {
		password = o.password
	}
	return account.Settings{
		TLS: o.tls, TLSCA: o.tlsCA, TLSFingerprint: o.tlsFingerprint, TLSCert: o.tlsCert, TLSKey: o.tlsKey,
		Auth: o.auth, AllowPlaintext: o.allowPlaintext,
		PasswordCommand: o.passwordCommand, Password: password, AccountPasswordCommand: o.accountCommand, Keyring: true, Terminal: s.Terminal,
		Timeout: o.timeout, Wait: o.wait,
		Proxy: o.proxy, Tunnel: o.tunnel, Language: language(os.Getenv),
	}, nil
}

// refuseEmpty finds options that were given an empty value, as by a script whose variable is not set: without its
// tunnel or its proxy a connection would go where it is not meant to.
func (o *targetOptions) refuseEmpty() error {
	if o.flags == nil {
		return nil
	}
	var empty error
	o.flags.Visit(func(f *pflag.Flag) {
		if empty == nil && f.Value.Type() == "string" && f.Value.String() == "" {
			empty = &usageError{"reading --" + f.Name, "it is empty", "give it a value, or leave the option out"}
		}
	})
	return empty
}

// language is the tag of the language that the environment asks for, or "".
func language(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		value := getenv(name)
		if value == "" {
			continue
		}
		tag, _, _ := strings.Cut(value, ".")
		tag, _, _ = strings.Cut(tag, "@")
		if tag == "C" || tag == "POSIX" {
			return ""
		}
		tag, _, _ = strings.Cut(tag, "_")
		return tag
	}
	return ""
}

// stateOptions say where the ledger lives.
type stateOptions struct {
	dir  string
	none bool
}

func (o *stateOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.dir, "state-dir", "", "keep the ledger in DIR (default: popmark in the XDG state folder)")
	f.BoolVar(&o.none, "no-state", false, "keep nothing on disk")
}

// check finds options that contradict each other.
func (o *stateOptions) check() error {
	if o.none && o.dir != "" {
		return &usageError{"reading --no-state", "--state-dir says where to keep what --no-state forgets", "give one of them"}
	}
	return nil
}

// openLedger opens the ledger, in memory where nothing is to be kept, and passes its warnings on.
func (a *app) openLedger(o *stateOptions) (*ledger.Ledger, error) {
	return a.tellLedger(o.open(ledger.Open))
}

// beginLedger is openLedger where a new ledger is made while something else is done.
func (a *app) beginLedger(o *stateOptions) (*ledger.Ledger, error) {
	return a.tellLedger(o.open(ledger.Begin))
}

func (a *app) tellLedger(l *ledger.Ledger, err error) (*ledger.Ledger, error) {
	if err != nil {
		return nil, err
	}
	l.Tell(func(w string) { a.warn(message.MakeSafe(w)) })
	return l, nil
}

func (o *stateOptions) open(from func(dir string) (*ledger.Ledger, error)) (*ledger.Ledger, error) {
	if o.none {
		return ledger.OpenMemory()
	}
	dir, err := o.folder()
	if err != nil {
		return nil, &statusError{exitCantCreate, err}
	}
	l, err := from(dir)
	return l, ledgerFault(err)
}

// ledgerFault gives an error of opening the ledger its exit status.
func ledgerFault(err error) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case ledger.DiskFault(err):
		return &statusError{exitIO, err}
	}
	return &statusError{exitCantCreate, err}
}

func (o *stateOptions) folder() (string, error) {
	if o.dir != "" {
		return filepath.Abs(o.dir)
	}
	return ledger.DefaultDir()
}

// noteIn lets a destination note in the state folder what it can't note elsewhere.
func (o *stateOptions) noteIn(d delivery.Destination) {
	if o.none {
		return
	}
	// Where there is no such folder the ledger says so.
	if dir, err := o.folder(); err == nil {
		delivery.NoteIn(d, dir)
	}
}
