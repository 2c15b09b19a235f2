// Package clock reads points in time as people and programs write them.
package clock

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The forms in which a time is understood, the stricter ones first. A zone that is only a name, such as CET, is refused
// unless it is GMT or UTC: it can mean several.
var layouts = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999 -0700",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04",
	"2006-01-02 15:04",
	"2006-01-02",
	"20060102T150405Z0700",
	"Mon, 2 Jan 2006 15:04:05 -0700",
	"02/Jan/2006:15:04:05 -0700", // web servers
	"2 Jan 2006 15:04:05",
	"2 January 2006",
	"2 Jan 2006",
	"January 2, 2006",
	"Jan 2, 2006",
}

// Unix times of this size and more are in milliseconds: as seconds they would be after the year 5000.
const milliseconds = 100_000_000_000

// Parse reads a time. What has no zone is in the given one.
func Parse(text string, zone *time.Location) (time.Time, error) {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && isNumber(text) {
		return fromUnix(seconds)
	}
	for _, name := range []string{" GMT", " UTC"} {
		if before, found := strings.CutSuffix(text, name); found {
			text = before + " +0000"
		}
	}
	for _, layout := range layouts {
		if parsed, err := time.ParseInLocation(layout, text, zone); err == nil {
			return parsed, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s is no time that is understood", quote(text))
}

// ParseFloat also takes Inf, NaN, exponents, underscores and hexadecimals, which are no Unix times.
func isNumber(text string) bool {
	return strings.Trim(text, "0123456789.-") == ""
}

func fromUnix(seconds float64) (time.Time, error) {
	if math.Abs(seconds) >= milliseconds {
		seconds /= 1000
	}
	if math.Abs(seconds) >= milliseconds {
		return time.Time{}, fmt.Errorf("%g seconds are too many", seconds)
	}
	whole, fraction := math.Modf(seconds)
	// What a float64 has beyond microseconds is noise.
	return time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1000).UTC(), nil
}

// Zone reads an offset from UTC: Z, UTC, +02:00, -0530.
func Zone(text string) (*time.Location, error) {
	if text == "" || strings.EqualFold(text, "UTC") || strings.EqualFold(text, "Z") {
		return time.UTC, nil
	}
	for _, layout := range []string{"-07:00", "-0700"} {
		if parsed, err := time.Parse(layout, text); err == nil {
			_, offset := parsed.Zone()
			return time.FixedZone("", offset), nil
		}
	}
	return nil, fmt.Errorf("%s is no offset from UTC; expected UTC, +02:00 or the like", quote(text))
}

func quote(text string) string {
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	return strconv.Quote(text)
}
