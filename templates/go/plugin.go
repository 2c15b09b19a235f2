//go:build wasip1

// The plugin. What it does is in the package slug.
package main

import (
	"fmt"

	"my-plugin/slug"
)

// What stands between words unless a request says otherwise.
var separator = "-"

func initialize(config []Pair) error {
	if configured, ok := GetConfig("separator"); ok {
		separator = configured
	}
	return LogMessage("info", "separates words with "+separator)
}

// process answers a request; an error says why there is no answer.
func process(input string, options []Pair) (string, error) {
	between := separator
	for _, option := range options {
		if option.Key != "separator" {
			return "", fmt.Errorf("unknown option %q; known is: separator", option.Key)
		}
		between = option.Value
	}
	made := slug.Of(input, between)
	if made == "" {
		return "", fmt.Errorf("the input has no letter or digit")
	}
	return made, nil
}

func shutdown() error { return nil }

func metadata() Metadata {
	return Metadata{Name: "my-plugin", Version: "0.1.0", Description: "Makes a slug of a title"}
}
