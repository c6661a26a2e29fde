package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"popmark/account"
	"popmark/keymap"
)

// readKeys gives the keys with the changes that popmark/keys in the XDG configuration
// folder makes; nil where there is no such file.
func readKeys() (*keymap.Map, error) {
	config := account.ConfigPath()
	if config == "" {
		return nil, nil // there is no place where the file could be
	}
	path := filepath.Join(filepath.Dir(config), "keys")
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &statusError{exitConfig, fmt.Errorf("reading keys: %w: make the file readable, or take it away", err)}
	}
	defer func() { _ = f.Close() }() // it was only read
	keys, err := keymap.Default().Override(f)
	if err != nil {
		return nil, &statusError{exitConfig, fmt.Errorf("%s: %w", path, err)}
	}
	return keys, nil
}
