package clock

import (
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-01T12:00:00+02:00":     "2026-03-01T10:00:00Z",
		"2026-03-01 12:00:00":           "2026-03-01T11:00:00Z",
		"2026-03-01":                    "2026-02-28T23:00:00Z",
		"Sun, 06 Nov 1994 08:49:37 GMT": "1994-11-06T08:49:37Z",
		"10/Oct/2000:13:55:36 -0700":    "2000-10-10T20:55:36Z",
		" 0 ":                           "1970-01-01T00:00:00Z",
		"1767225600.25":                 "2026-01-01T00:00:00.25Z",
		"1767225600000":                 "2026-01-01T00:00:00Z",
		"1 March 2026":                  "2026-02-28T23:00:00Z",
	} {
		got, err := Parse(text, time.FixedZone("", 3600))
		if err != nil || got.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("Parse(%q) = %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "yesterday", "2026-02-30", "NaN", "1e3", "0x10", "99999999999999999999", "12:00"} {
		if got, err := Parse(text, time.UTC); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", text, got)
		}
	}
}

func TestZone(t *testing.T) {
	for text, want := range map[string]int{"": 0, "utc": 0, "+02:00": 7200, "-0530": -19800} {
		zone, err := Zone(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, offset := time.Unix(0, 0).In(zone).Zone(); offset != want {
			t.Errorf("Zone(%q) has the offset %d, want %d", text, offset, want)
		}
	}
	if _, err := Zone("CET"); err == nil {
		t.Error("Zone(CET) is no error")
	}
}
