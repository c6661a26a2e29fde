package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// row is what was measured of one program at one thing.
type row struct {
	measure string // "10000 headers, 100 ms round trip"
	server  string
	program string
	took    time.Duration
	octets  int64 // that were fetched; 0 where the rate says nothing
	peak    int64 // octets of memory; 0 where it is not looked at
	// against is what took is compared with; 0 where this row is the one compared with.
	against time.Duration
	goal    float64 // at most so many times against; 0: none
	// figure stands in the place of took and the ratio where something else is counted.
	figure float64
	unit   string
	most   float64 // what figure may be at most; 0: none
	note   string
}

func (r row) ratio() float64 {
	if r.against == 0 {
		return 0
	}
	return float64(r.took) / float64(r.against)
}

// verdict says whether a goal was met, "" where there is none.
func (r row) verdict() string {
	value, most := r.ratio(), r.goal
	if r.unit != "" {
		value, most = r.figure, r.most
	}
	switch {
	case most == 0:
		return ""
	case value <= most:
		return "yes"
	}
	return "**no**"
}

type report struct {
	about string
	rows  []row
}

func (r *report) begin(b *bench) {
	runs := "Each was run once."
	if b.repeat > 1 {
		runs = fmt.Sprintf("Each figure is the median of %d runs.", b.repeat)
	}
	r.about = fmt.Sprintf("%s, %s/%s, %d processors, %s. %s", time.Now().UTC().Format("2 January 2006"), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(),
		runtime.Version(), runs)
}

func (r *report) add(rows ...row) { r.rows = append(r.rows, rows...) }

// markdown gives everything as one table.
func (r *report) markdown() string {
	var s strings.Builder
	s.WriteString("| what | server | program | result | MB/s | peak memory | × the first | goal | met |\n")
	s.WriteString("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n")
	before := ""
	for _, row := range r.rows {
		what, server := row.measure, row.server
		if key := what + "\x00" + server; key == before {
			what, server = "", ""
		} else {
			before = key
		}
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n",
			what, server, row.program, row.result(), row.rate(), row.memory(), row.times(), row.aim(), row.verdict())
	}
	return s.String()
}

func (r row) result() string {
	text := fmt.Sprintf("%.3g %s", r.figure, r.unit)
	if r.unit == "" {
		text = seconds(r.took)
	}
	if r.note != "" {
		text += " (" + r.note + ")"
	}
	return text
}

func seconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.3f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func (r row) rate() string {
	if r.octets == 0 || r.took == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f", float64(r.octets)/1e6/r.took.Seconds())
}

func (r row) memory() string {
	if r.peak == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f MB", float64(r.peak)/1e6)
}

func (r row) times() string {
	if r.against == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", r.ratio())
}

func (r row) aim() string {
	switch {
	case r.unit != "" && r.most > 0:
		return fmt.Sprintf("≤ %.3g %s", r.most, r.unit)
	case r.unit == "" && r.goal > 0:
		return fmt.Sprintf("≤ %.2f", r.goal)
	}
	return ""
}

const preface = `# How fast popmark is

Measured by ` + "`go run ./bench -write docs`" + `, which anybody can run. %s

A raw client is the least that can be done: every command in one write, the answers read to
their ends, nothing decoded and nothing remembered. A time is a whole process's, from its start to its
end, unless said otherwise; what ratios are to is the first line of each group. Each run of popmark begins with an
empty ledger, except where "known" stands. "Scan" is the time from the first TOP to the last octet of its answers.
"To the list" is until the first TOP, but for a known server until QUIT, since there TOPs go out before the list is had.
Dovecot's own work is in the times with Dovecot; its first look at a mailbox is not. MB are 10⁶ octets. A program
that took too long was given up, and has the time until then; memory is left out where it was too little to be told
from the bench's own.

![Times, popmark and others](bench.svg)

`

// write writes the report for the documentation.
func (r *report) write(dir string) error {
	text := fmt.Sprintf(preface, r.about) + r.markdown()
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "bench.md"), []byte(text), 0o644),
		os.WriteFile(filepath.Join(dir, "bench.svg"), []byte(r.chart()), 0o644),
	)
}
