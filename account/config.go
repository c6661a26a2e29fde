package account

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maxConfig, in octets, is far more than a configuration file holds.
const maxConfig = 1 << 20

// Config is what the configuration file says. The zero value says nothing.
type Config struct {
	Path    string // of the file; "" where there is none
	content content
}

// content is the file's form. A key is an option's name with underscores.
type content struct {
	DefaultAccount string           `toml:"default_account"`
	Accounts       map[string]named `toml:"account"`
	configOptions
}

// named is a mailbox with a name.
type named struct {
	URL             string `toml:"url"`
	PasswordCommand string `toml:"password_command"`
	configOptions
}

// configOptions can stand at the top, for every mailbox, and under an account, for it alone.
type configOptions struct {
	TLS            *string `toml:"tls"`
	TLSCA          *string `toml:"tls_ca"`
	TLSFingerprint *string `toml:"tls_fingerprint"`
	TLSCert        *string `toml:"tls_cert"`
	TLSKey         *string `toml:"tls_key"`
	Auth           *string `toml:"auth"`
	AllowPlaintext *bool   `toml:"allow_plaintext"`
	Timeout        *string `toml:"timeout"`
	Wait           *string `toml:"wait"`
	Retries        *int    `toml:"retries"`
	Proxy          *string `toml:"proxy"`
	Tunnel         *string `toml:"tunnel"`
	Charset        *string `toml:"charset"`

	To             []string `toml:"to"`
	Order          *string  `toml:"order"`
	Checkpoint     *int     `toml:"checkpoint"`
	Verify         *bool    `toml:"verify"`
	KeepDeleted    *string  `toml:"keep_deleted"`
	KeepDeletedFor *string  `toml:"keep_deleted_for"`
	Release        *bool    `toml:"release"`
	IdleRelease    *string  `toml:"idle_release"`
}

// pathOptions are the options whose value is a file's path: "~/" is the home folder in them.
var pathOptions = []string{"tls-ca", "tls-cert", "tls-key"}

// ConfigPath is where the configuration file may be: popmark/config.toml in the XDG
// configuration folder. It is "" where no such folder is known.
func ConfigPath() string {
	folder := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(folder) {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		folder = filepath.Join(home, ".config")
	}
	return filepath.Join(folder, "popmark", "config.toml")
}

// ReadConfig reads the configuration file at path. That there is none, or that path is "",
// is no error. Any other is an [*Error] of kind [Configuration] that names the line: a
// key that is not known is one, so that a setting with a mistake in its name is not
// believed to be in force.
func ReadConfig(path string) (*Config, error) {
	if path == "" {
		return new(Config), nil
	}
	doing := "reading " + path
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return new(Config), nil
	}
	if err != nil {
		return nil, configError("reading the configuration", "make the file readable, or take it away", "%w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	if info, err := f.Stat(); err == nil && (!info.Mode().IsRegular() || info.Size() > maxConfig) {
		return nil, configError(doing, "write settings such as keep_deleted = \"1MB\" into it, or take it away", "it is no file of at most %d octets", maxConfig)
	}
	c := &Config{Path: path}
	if err := toml.NewDecoder(f).DisallowUnknownFields().Decode(&c.content); err != nil {
		return nil, explainTOML(doing, err)
	}
	if err := c.check(doing); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Config) check(doing string) error {
	for _, name := range c.Names() {
		switch {
		case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return configError(doing, "write a name without them", "the account's name %q holds control characters", name)
		case name == "" || IsURL(name) || strings.HasPrefix(name, "-"):
			return configError(doing, "write one such as work", "%q can't be an account's name on the command line", name)
		case c.content.Accounts[name].URL == "":
			return configError(doing, "write url = \"pop3s://you@host\" under it", "the account %q has no url", name)
		}
		if _, err := ParseTarget(c.content.Accounts[name].URL); err != nil {
			var own *Error
			if errors.As(err, &own) {
				return configError(doing, own.Next, "the url of the account %q: %w", name, own.Err)
			}
			return err
		}
	}
	if name := c.content.DefaultAccount; name != "" {
		if _, ok := c.content.Accounts[name]; !ok {
			return configError(doing, "write an [account."+name+"], or another name", "default_account is %q, and no account is named so", name)
		}
	}
	return nil
}

// explainTOML puts a decoder's error, which can be a drawing of many lines, into one line.
func explainTOML(doing string, err error) error {
	const next = "mend that line"
	if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok && len(unknown.Errors) > 0 {
		first := &unknown.Errors[0]
		row, column := first.Position()
		return configError(doing, "write one of "+strings.Join(keys(), ", "),
			"line %d, column %d: %q is no setting", row, column, strings.Join(first.Key(), "."))
	}
	if wrong, ok := errors.AsType[*toml.DecodeError](err); ok {
		row, column := wrong.Position()
		return configError(doing, next, "line %d, column %d: %s", row, column, strings.TrimPrefix(wrong.Error(), "toml: "))
	}
	return configError(doing, next, "%w", err)
}

// keys are the settings that there are, in the order in which they are declared.
func keys() []string {
	names := []string{"default_account", "account.NAME.url", "account.NAME.password_command"}
	for field := range reflect.TypeFor[configOptions]().Fields() {
		names = append(names, field.Tag.Get("toml"))
	}
	return names
}

// Names are the accounts' names in alphabetical order.
func (c *Config) Names() []string { return slices.Sorted(maps.Keys(c.content.Accounts)) }

// Default is the name of the account that is meant where none is named: default_account, or
// the only one there is. It is "" where neither tells.
func (c *Config) Default() string {
	if names := c.Names(); c.content.DefaultAccount == "" && len(names) == 1 {
		return names[0]
	}
	return c.content.DefaultAccount
}

// Resolve gives the URL and the password_command of the TARGET s: itself where it is a URL
// or the name of no account. ok says whether it is an account's name.
func (c *Config) Resolve(s string) (url, passwordCommand string, ok bool) {
	a, ok := c.content.Accounts[s]
	if !ok || IsURL(s) {
		return s, "", false
	}
	return a.URL, a.PasswordCommand, true
}

// Setting is an option that the file sets.
type Setting struct {
	Option string   // as on the command line, without its hyphens: "keep-deleted"
	Key    string   // as in the file: "account.work.keep_deleted"
	Values []string // one, but for options that can be given several times
}

// Settings are the options that the file sets for the account of that name, or, where no
// account has it, for every mailbox. An account's own come last, so that they win.
func (c *Config) Settings(name string) []Setting {
	settings := c.content.list(nil, "")
	if a, ok := c.content.Accounts[name]; ok {
		settings = a.list(settings, "account."+name+".")
	}
	return settings
}

func (o *configOptions) list(to []Setting, prefix string) []Setting {
	for field, value := range reflect.ValueOf(o).Elem().Fields() {
		if value.IsNil() {
			continue
		}
		key := field.Tag.Get("toml")
		s := Setting{Option: strings.ReplaceAll(key, "_", "-"), Key: prefix + key}
		if list, ok := value.Interface().([]string); ok {
			s.Values = list
		} else {
			s.Values = []string{fmt.Sprint(value.Elem().Interface())}
		}
		if slices.Contains(pathOptions, s.Option) {
			s.Values[0] = home(s.Values[0])
		}
		to = append(to, s)
	}
	return to
}

// home puts the home folder for the "~" at the beginning of a path, as a shell would have.
func home(path string) string {
	rest, ok := strings.CutPrefix(path, "~/")
	if !ok {
		return path
	}
	folder, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	return filepath.Join(folder, rest)
}

//go:embed sample.toml
var sample []byte

// SampleConfig is a configuration file with every setting, each with a word on what it does.
func SampleConfig() []byte { return bytes.Clone(sample) }
