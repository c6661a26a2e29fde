package account

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigAnAccountsOwnSettingsComeLast(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	c, err := ReadConfig(writeConfig(t, `
keep_deleted = "1MB"
tls_ca = "~/ca.pem"
to = ["maildir:~/Mail", "eml:/tmp/x"]
retries = 5

[account.work]
url = "pop3s://me@example.org"
password_command = "pass mail"
keep_deleted = "5k"
verify = true
`))
	if err != nil {
		t.Fatal(err)
	}
	top := []Setting{
		{"tls-ca", "tls_ca", []string{filepath.Join(home, "ca.pem")}},
		{"retries", "retries", []string{"5"}},
		{"to", "to", []string{"maildir:~/Mail", "eml:/tmp/x"}},
		{"keep-deleted", "keep_deleted", []string{"1MB"}},
	}
	own := []Setting{
		{"verify", "account.work.verify", []string{"true"}},
		{"keep-deleted", "account.work.keep_deleted", []string{"5k"}},
	}
	for name, want := range map[string][]Setting{
		"": top, "pop3s://me@example.org": top, "home": top, "work": append(top[:len(top):len(top)], own...),
	} {
		if got := c.Settings(name); !reflect.DeepEqual(got, want) {
			t.Errorf("Settings(%q) = %v, want %v", name, got, want)
		}
	}
	if url, command, ok := c.Resolve("work"); url != "pop3s://me@example.org" || command != "pass mail" || !ok {
		t.Errorf("Resolve(work) = %q, %q, %v", url, command, ok)
	}
	if url, command, ok := c.Resolve("home"); url != "home" || command != "" || ok {
		t.Errorf("Resolve(home) = %q, %q, %v", url, command, ok)
	}
	if c.Default() != "work" {
		t.Errorf("Default() = %q, want the only account", c.Default())
	}
}

func TestConfigThatIsNotThereSaysNothing(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "none", "config.toml")} {
		c, err := ReadConfig(path)
		if err != nil || len(c.Settings("")) != 0 || len(c.Names()) != 0 || c.Default() != "" {
			t.Errorf("ReadConfig(%q) = %v, %v", path, c, err)
		}
	}
}

// A setting that is not understood must not be believed to be in force.
func TestConfigMistakesNameTheirLine(t *testing.T) {
	const work = "[account.work]\nurl = \"pop3s://me@example.org\"\n"
	for text, want := range map[string]string{
		"keep_delted = \"1MB\"\n":                 `line 1, column 1: "keep_delted" is no setting: write one of .*keep_deleted, keep_deleted_for`,
		work + "keep = 1\n":                       `line 3, column 1: "account.work.keep" is no setting`,
		"# nothing\nkeep_deleted = 1000\n":        `line 2, column \d+: .*: mend that line`,
		"retries = \"many\"\n":                    `line 1, column \d+`,
		"verify = \n":                             `line 1, column \d+`,
		"verify = true\nverify = false\n":         `verify`,
		"[account.work]\ntls = \"auto\"\n":        `the account "work" has no url`,
		"[account.work]\nurl = \"work\"\n":        `the url of the account "work": "work" is neither`,
		"[account.a]\nurl=\"pop3://u:p@h\"\n":     `the url of the account "a": the URL holds a password`,
		"[account.\"pop3://a\"]\nurl=\"\"\n":      `can't be an account's name`,
		"[account.\"a\\tb\"]\nurl=\"\"\n":         `control characters`,
		"[account.\"-x\"]\nurl=\"\"\n":            `can't be an account's name`,
		"default_account = \"x\"\n" + work:        `default_account is "x", and no account`,
		"default_account = \"a\u202eb\"\n" + work: `and no account`,
	} {
		path := writeConfig(t, text)
		_, err := ReadConfig(path)
		own, ok := errors.AsType[*Error](err)
		if !ok || own.Kind != Configuration {
			t.Errorf("%q: %v, want an error of kind Configuration", text, err)
			continue
		}
		if !strings.HasPrefix(err.Error(), "reading "+path+": ") || strings.Contains(err.Error(), "\n") || !regexp.MustCompile(want).MatchString(err.Error()) {
			t.Errorf("%q: %v, want one line with %s", text, err, want)
		}
	}
	if _, err := ReadConfig(t.TempDir()); err == nil {
		t.Error("a folder was read as a configuration")
	}
}

func TestConfigSampleHasEverySettingAndIsRead(t *testing.T) {
	sample := string(SampleConfig())
	if c, err := ReadConfig(writeConfig(t, sample)); err != nil || len(c.Settings(""))+len(c.Names()) > 0 {
		t.Errorf("as it is: %v, %v; want no setting", c, err)
	}
	// What is commented out, but for the sentences, is the file that one would write.
	spoken := regexp.MustCompile(`(?m)^# ([a-z_]+ = |\[account)`).ReplaceAllString(sample, "$1")
	spoken = strings.Replace(spoken, "default_account = \"\"", "default_account = \"work\"", 1)
	c, err := ReadConfig(writeConfig(t, spoken))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(c.Settings("")), reflect.TypeFor[configOptions]().NumField(); got != want {
		t.Errorf("the sample has %d settings, want all %d", got, want)
	}
	if c.Default() != "work" {
		t.Errorf("Default() = %q", c.Default())
	}
}
