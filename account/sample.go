package account

import _ "embed"

//go:embed sample.toml
var sample []byte
