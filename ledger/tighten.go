package ledger

import (
	"os"
	"path/filepath"
	"strings"
)

// tighten takes from others what they may do with the ledger's files, and with the folder
// where it holds nothing else: somebody may have made it before. A folder of other things
// is its owner's affair.
func tighten(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	alone := true
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "ledger.") {
			alone = false
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			if err := os.Chmod(filepath.Join(dir, e.Name()), 0o600); err != nil {
				return err
			}
		}
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !alone || info.Mode().Perm()&0o077 == 0 || info.Mode()&os.ModeSticky != 0 {
		return nil
	}
	return os.Chmod(dir, 0o700)
}
