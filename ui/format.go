package ui

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"popmark/message"
)

// octets shows a size in at most five cells, in powers of 1024: 812, 1.2k, 14.2M, 131M; ? for one that LIST does
// not tell, which is less than 0.
func octets(n int64) message.Safe {
	switch {
	case n < 0:
		return "?"
	case n < 1000:
		return message.Safe(strconv.FormatInt(n, 10))
	}
	v, unit := float64(n)/1024, 0
	for v >= 999.5 && unit < 5 {
		v /= 1024
		unit++
	}
	decimals := 1
	if v >= 99.95 {
		decimals = 0
	}
	return message.Safe(strconv.FormatFloat(v, 'f', decimals, 64) + "kMGTPE"[unit:unit+1])
}

// longOctets shows a size in a sentence: 14.2 MiB, 812 octets.
func longOctets(n int64) message.Safe {
	if n < 0 {
		return "unknown size"
	}
	short := octets(n)
	last := len(short) - 1
	if short[last] <= '9' {
		return plural(n, "octet")
	}
	return short[:last] + " " + message.Safe(strings.ToUpper(string(short[last:]))) + "iB"
}

// count shows a number with separators: 12,345.
func count[N int | int64](n N) message.Safe { return message.Safe(humanize.Comma(int64(n))) }

// plural shows a number of things: 1 message, 1,200 messages.
func plural[N int | int64](n N, thing string) message.Safe {
	if n != 1 {
		thing += "s"
	}
	return count(n) + " " + message.Safe(thing)
}

// shortDate shows a date in eight cells: the time of today, the day of this year, the month of another.
func shortDate(t, now time.Time) message.Safe {
	t = t.In(now.Location())
	switch {
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		return message.Safe(t.Format("15:04"))
	case t.Before(now.AddDate(0, 0, 2)) && t.After(now.AddDate(0, -10, 0)):
		return message.Safe(t.Format("Jan 02"))
	}
	return year(t, "Jan 2006")
}

// longDate shows a date and time in sixteen cells.
func longDate(t, now time.Time) message.Safe {
	return year(t.In(now.Location()), "2006-01-02 15:04")
}

// year formats t, or shows nothing for years that a header made up.
func year(t time.Time, layout string) message.Safe {
	if t.Year() < 1000 || t.Year() > 9999 {
		return "?"
	}
	return message.Safe(t.Format(layout))
}

// span shows how long something takes: 8 s, 3 min 20 s, 2 h 5 min.
func span(d time.Duration) message.Safe {
	s := int64((d + time.Second/2) / time.Second)
	switch {
	case d < 10*time.Second && d%time.Second != 0:
		return message.Safe(strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s")
	case s < 60:
		return message.Safe(fmt.Sprintf("%d s", s))
	case s < 3600:
		return message.Safe(fmt.Sprintf("%d min %d s", s/60, s%60))
	}
	return message.Safe(fmt.Sprintf("%d h %d min", s/3600, s%3600/60))
}
