// Command envelopes decodes messages for scripts/agreement, which compares what it prints with another decoder.
//
// It reads frames from standard input, each a line "NAME OCTETS" with that many octets of a message behind it, and
// prints one JSON object a message: its name, first author, subject and date. Every message also goes
// through the preview, so that a fault there shows as a crash.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"popmark/message"
)

// maxMessage bounds one message, in octets.
const maxMessage = 64 << 20

type result struct {
	Name    string       `json:"name"`
	From    message.Safe `json:"from_name"`
	Address message.Safe `json:"from_address"`
	Subject message.Safe `json:"subject"`
	Date    string       `json:"date"`
	Lines   int          `json:"text_lines"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "envelopes:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	r, w := bufio.NewReader(in), bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	var d message.Decoder
	for {
		var name string
		var octets int
		switch _, err := fmt.Fscanf(r, "%s %d\n", &name, &octets); {
		case errors.Is(err, io.EOF):
			return w.Flush()
		case err != nil:
			return fmt.Errorf("reading a frame's first line: %w", err)
		case octets < 0 || octets > maxMessage:
			return fmt.Errorf("reading %s: %d octets, and at most %d are taken", name, octets, maxMessage)
		}
		raw := make([]byte, octets)
		if _, err := io.ReadFull(r, raw); err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		e := d.Envelope(raw)
		res := result{Name: name, From: e.From.Name, Address: e.From.Address, Subject: e.Subject, Lines: len(d.Preview(raw).Text)}
		if e.HasDate {
			res.Date = e.Date.Format(time.RFC3339)
		}
		if err := enc.Encode(res); err != nil {
			return fmt.Errorf("printing %s: %w", name, err)
		}
	}
}
