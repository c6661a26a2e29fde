package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"popmark/account"
)

// configure gives the options that the command line left alone the values that the
// configuration file has for the mailbox target, an account's name or a URL, or, where
// target is "", for every mailbox.
func (a *app) configure(f *pflag.FlagSet, target string) (*account.Config, error) {
	c, err := account.ReadConfig(account.ConfigPath())
	if err != nil {
		return nil, err
	}
	for _, s := range c.Settings(target) {
		flag := f.Lookup(s.Option)
		if flag == nil || flag.Changed {
			continue
		}
		place := s.Key + " in " + c.Path
		if err := set(flag.Value, s.Values); err != nil {
			return nil, &statusError{exitConfig, fmt.Errorf("reading %s: %w: write it as for --%s, see \"popmark commit --help\"", place, err, s.Option)}
		}
		if a.configured == nil {
			a.configured = make(map[string]string)
		}
		a.configured[s.Option] = place
	}
	return c, nil
}

func set(v pflag.Value, values []string) error {
	if list, ok := v.(pflag.SliceValue); ok {
		return list.Replace(values)
	}
	return v.Set(values[0])
}

// blame puts, in an error about an option that nobody typed, the place in the
// configuration file where its value stands.
func (a *app) blame(err error) error {
	if err == nil {
		return nil
	}
	option, what, ok := strings.Cut(strings.TrimPrefix(err.Error(), "reading --"), ": ")
	place := a.configured[option]
	if !ok || place == "" || !strings.HasPrefix(err.Error(), "reading --") {
		return err
	}
	return &statusError{exitConfig, &toldError{"reading " + place + ": " + what, err}}
}

// configure is app.configure for the options of one mailbox; it gives the TARGET's URL.
// The demo's options, which have no flags, stay as they are.
func (o *targetOptions) configure(a *app, target string) (string, error) {
	if o.flags == nil {
		return target, nil
	}
	c, err := a.configure(o.flags, target)
	if err != nil {
		return "", err
	}
	url, command, ok := c.Resolve(target)
	if names := c.Names(); !ok && !account.IsURL(target) && len(names) > 0 {
		return "", &usageError{
			"reading the TARGET", fmt.Sprintf("%q is neither a URL nor an account of %s", target, c.Path),
			"write one of " + strings.Join(names, ", ") + ", or pop3s://user@host",
		}
	}
	o.accountCommand = command
	return url, nil
}

// defaultAccount is the name of the account that is meant where none is named, or "".
func defaultAccount() (string, error) {
	c, err := account.ReadConfig(account.ConfigPath())
	if err != nil {
		return "", err
	}
	names := c.Names()
	if name := c.Default(); name != "" || len(names) == 0 {
		return name, nil
	}
	return "", &statusError{exitConfig, fmt.Errorf(
		"opening the default account: there are several, and default_account names none of them: give one of %s, or write default_account = %q in %s",
		strings.Join(names, ", "), names[0], account.ConfigPath())}
}
