package slug

import "testing"

func TestOf(t *testing.T) {
	for _, test := range []struct{ title, separator, want string }{
		{"  Hello, World! ", "-", "hello-world"},
		{"Größe 42", "_", "größe_42"},
		{"?!", "-", ""},
	} {
		if got := Of(test.title, test.separator); got != test.want {
			t.Errorf("Of(%q, %q) = %q, want %q", test.title, test.separator, got, test.want)
		}
	}
}
