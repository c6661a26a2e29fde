// Command popmark decides what leaves a POP3 mailbox before any of it is downloaded.
package main

import (
	"os"

	"popmark/cli"
)

func main() {
	os.Exit(cli.Main())
}
