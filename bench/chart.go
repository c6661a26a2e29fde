package main

import (
	"fmt"
	"html"
	"math"
	"strings"
	"time"
)

// The chart's measures, in pixels.
const (
	chartWidth = 860
	chartLeft  = 250
	chartRight = 70
	barHeight  = 16
	barGap     = 4
	groupGap   = 34
)

// chart draws the times as bars, a group for each measurement, on a scale on which
// each step to the right is ten times as long.
func (r *report) chart() string {
	var rows []row
	for _, row := range r.rows {
		if row.unit == "" && row.took > 0 {
			rows = append(rows, row)
		}
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, row := range rows {
		low, high = min(low, math.Log10(row.took.Seconds())), max(high, math.Log10(row.took.Seconds()))
	}
	low, high = math.Floor(low), math.Ceil(high)
	high = max(high, low+1)
	x := func(log float64) float64 {
		return chartLeft + (log-low)/(high-low)*(chartWidth-chartLeft-chartRight)
	}

	var bars strings.Builder
	y := 40
	before := ""
	for _, row := range rows {
		if key := row.measure + ", " + row.server; key != before {
			before = key
			y += groupGap
			fmt.Fprintf(&bars, `<text class="head" x="10" y="%d">%s</text>`+"\n", y-8, html.EscapeString(key))
		}
		class := "other"
		switch {
		case strings.HasPrefix(row.program, "popmark"):
			class = "own"
		case strings.HasPrefix(row.program, "raw"):
			class = "raw"
		}
		end := x(math.Log10(row.took.Seconds()))
		label := seconds(row.took)
		if row.note != "" {
			label = "over " + label
		}
		fmt.Fprintf(&bars, `<text x="%d" y="%d" text-anchor="end">%s</text><rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/><text x="%.1f" y="%d">%s</text>`+"\n",
			chartLeft-8, y+barHeight-4, html.EscapeString(row.program), class, chartLeft, y, max(end-chartLeft, 1), barHeight,
			end+5, y+barHeight-4, label)
		y += barHeight + barGap
	}

	var axis strings.Builder
	for step := low; step <= high; step++ {
		fmt.Fprintf(&axis, `<line x1="%.1f" y1="44" x2="%.1f" y2="%d"/><text x="%.1f" y="34" text-anchor="middle">%s</text>`+"\n",
			x(step), x(step), y, x(step), time.Duration(math.Round(math.Pow(10, step+9))))
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
<style>
text { fill: #333 } .head { font-weight: bold } line { stroke: #ddd }
.own { fill: #2a7de1 } .raw { fill: #9aa4ae } .other { fill: #e0a458 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } line { stroke: #444 } }
</style>
<text x="10" y="16">Time, the shorter the better; each step to the right is ten times as long</text>
%s%s</svg>
`, chartWidth, y+10, axis.String(), bars.String())
}
