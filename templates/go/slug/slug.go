// Package slug makes slugs. It knows nothing of components, so that `go test` can run it on this machine.
package slug

import "strings"

// Of returns a title as it goes into a URL: words in lower case, with a separator between them. Letters of other scripts
// stay as they are. It is empty when the title has no letter or digit.
func Of(title, separator string) string {
	words := strings.FieldsFunc(title, func(r rune) bool { return r < 0x80 && !isLetterOrDigit(r) })
	for i, word := range words {
		words[i] = strings.Map(toLower, word)
	}
	return strings.Join(words, separator)
}

func isLetterOrDigit(r rune) bool {
	return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}

func toLower(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r - 'A' + 'a'
	}
	return r
}
