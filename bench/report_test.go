package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

var sampleReport = report{about: "a test", rows: []row{
	{measure: "ten headers", server: "Dovecot", program: "raw client", took: time.Second},
	{measure: "ten headers", server: "Dovecot", program: "popmark list", took: 1200 * time.Millisecond, peak: 20e6, against: time.Second, goal: 1.3},
	{measure: "ten headers", server: "Dovecot", program: "mutt <2>", took: time.Minute, note: "given up"},
	{measure: "a fetch", server: "Dovecot", program: "popmark commit", took: 2 * time.Second, octets: 50e6, against: time.Second, goal: 1.5},
	{measure: "round trips", server: "Dovecot", program: "popmark", unit: "round trips", figure: 5, most: 6},
}}

func TestReportTellsRatiosAndWhetherGoalsWereMet(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(sampleReport.markdown()), "\n")
	want := []string{
		"| ten headers | Dovecot | raw client | 1.000 s |  |  |  |  |  |",
		"|  |  | popmark list | 1.200 s |  | 20 MB | 1.20 | ≤ 1.30 | yes |",
		"|  |  | mutt <2> | 60.0 s (given up) |  |  |  |  |  |",
		"| a fetch | Dovecot | popmark commit | 2.000 s | 25 |  | 2.00 | ≤ 1.50 | **no** |",
		"| round trips | Dovecot | popmark | 5 round trips |  |  |  | ≤ 6 round trips | yes |",
	}
	if got := lines[2:]; strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the table is\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestChartIsWellFormedAndShowsEveryTime(t *testing.T) {
	chart := sampleReport.chart()
	for dec := xml.NewDecoder(strings.NewReader(chart)); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"popmark list", "1.200 s", "mutt &lt;2&gt;", "over 60.0 s", "ten headers, Dovecot"} {
		if !strings.Contains(chart, want) {
			t.Errorf("%q is not in the chart", want)
		}
	}
	if bars := strings.Count(chart, "<rect"); bars != 4 {
		t.Errorf("%d bars, not one for each of the 4 times", bars)
	}
}

func TestMedianAndLeast(t *testing.T) {
	all := samples{{outcome: outcome{whole: 3, peak: 7}}, {outcome: outcome{whole: 1, peak: 9}}, {outcome: outcome{whole: 2, peak: 8}}}
	if got := all.median(whole); got != 2 {
		t.Errorf("the median is %v", got)
	}
	if got := all.least(whole); got != 1 {
		t.Errorf("the least is %v", got)
	}
	if got := all.peak(); got != 9 {
		t.Errorf("the peak is %v", got)
	}
}
