//go:build wasip1

// The plugin timestamps: a time on each line, in any form, becomes one in the form of RFC 3339. The work is in the package
// clock.
package main

import (
	"fmt"
	"strings"
	"time"

	"timestamps/clock"
)

// Where times without a zone are, and the zone of the answer, unless a request says otherwise.
var (
	defaultZone = time.UTC
	defaultIn   = time.UTC
)

func initialize(config []Pair) error {
	for key, zone := range map[string]**time.Location{"zone": &defaultZone, "in": &defaultIn} {
		text, _ := GetConfig(key)
		parsed, err := clock.Zone(text)
		if err != nil {
			return fmt.Errorf("the configuration's %q: %w", key, err)
		}
		*zone = parsed
	}
	// A host that does not log is no reason not to work.
	_ = LogMessage("info", "times without a zone are in "+time.Unix(0, 0).In(defaultZone).Format("-07:00"))
	return nil
}

// process answers a request; an error says why there is no answer.
func process(input string, options []Pair) (string, error) {
	zone, in := defaultZone, defaultIn
	for _, option := range options {
		parsed, err := clock.Zone(option.Value)
		switch {
		case option.Key != "zone" && option.Key != "in":
			return "", fmt.Errorf("unknown option %q; known are: zone, in", option.Key)
		case err != nil:
			return "", fmt.Errorf("option %q: %w", option.Key, err)
		case option.Key == "zone":
			zone = parsed
		default:
			in = parsed
		}
	}
	lines := strings.Split(strings.TrimSuffix(input, "\n"), "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		parsed, err := clock.Parse(line, zone)
		if err != nil {
			return "", fmt.Errorf("line %d: %w", i+1, err)
		}
		lines[i] = parsed.In(in).Format(time.RFC3339Nano)
	}
	return strings.Join(lines, "\n"), nil
}

func shutdown() error { return nil }

func metadata() Metadata {
	return Metadata{Name: "timestamps", Version: "1.0.0", Description: "Brings times into the form of RFC 3339"}
}
