package phoenix_test

import (
	"testing"

	"throng/internal/protocol/phoenix"
)

func TestParseVersion(t *testing.T) {
	for vsn, want := range map[string]phoenix.Version{
		"":                    phoenix.V1,
		"1.0.0":               phoenix.V1,
		"1.0.9":               phoenix.V1,
		"1.0.10":              phoenix.V1,
		"1.0.0+build":         phoenix.V1,
		"2.0.0":               phoenix.V2,
		"2.0.184467440737095": phoenix.V2,
		"2.0.1-rc.1":          phoenix.V2,
		"2.0.1-rc.0-a":        phoenix.V2,
		"2.0.1--":             phoenix.V2,
		"2.0.1-0a.00a":        phoenix.V2, // identifiers, not numbers
		"2.0.0+a-b.00":        phoenix.V2,
		"2.0.1-x+y":           phoenix.V2,
	} {
		if v, ok := phoenix.ParseVersion(vsn); !ok || v != want {
			t.Errorf("%q: got %d, %t", vsn, v, ok)
		}
	}
	for _, vsn := range []string{
		"1", "1.0", "1.0.", "1.0.x", "1.0.00", "1.0.01", "1.0.0.0", "v1.0.0", " 1.0.0", "1.0.0 ",
		"1.1.0", "1.1.0-0", "2.1.0", "2.0", "3.0.0", "0.9.0", "10.0.0", "01.0.0", "foo", "~> 1.0.0",
		"1.0.0-rc", "2.0.0-0", // earlier than the first release
		"2.0.1-", "2.0.1+", "2.0.1-a..b", "2.0.1-01", "2.0.1-rc.00", "2.0.1+a+b", "2.0.1-a_b", "2.0.1-ä", "2.0.-1", "2.0.+1",
	} {
		if v, ok := phoenix.ParseVersion(vsn); ok {
			t.Errorf("%q: accepted as %d", vsn, v)
		}
	}
}
