package scenario_test

import (
	"encoding/json"
	"strings"
	"testing"

	"throng/internal/bench/scenario"
)

func member(name string) (string, bool) {
	v, ok := map[string]string{"id": `a\"b`, "n": "5"}[name]
	return v, ok
}

func TestData(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                    "{}",
		"5":                   "5",
		"{}":                  "{}",
		`{"a":{ "b":[{}]}}`:   `{"a":{ "b":[{}]}}`,
		`{"a":"u{user}"}`:     `{"a":"u1234"}`,
		`{"a":{user%10}}`:     `{"a":4}`,
		`{"a":{random 10}}`:   `{"a":7}`,
		`{"id":"{event.id}"}`: `{"id":"a\"b"}`,
		`{"{event.n}":[{event.n},{"x":"{user/1000}"}]}`: `{"5":[5,{"x":"1"}]}`,
	} {
		d, err := scenario.ParseData(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, missing := d.Append([]byte("> "), 1234, 57, member)
		if string(got) != "> "+want || missing != "" {
			t.Errorf("%s: %s, want %s; %q is missing", text, got, want, missing)
		}
		if d.Told() != strings.Contains(text, "event") {
			t.Errorf("%s: told %v", text, d.Told())
		}
	}
	d, err := scenario.ParseData(`{"a":"{event.other}"}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, missing := d.Append(nil, 0, 0, member); missing != "other" {
		t.Errorf("%q is missing", missing)
	}
	for _, text := range []string{`{"a":{usr}}`, `{"a":{user}`[:9], `{event.}`, `{event}`, `{random 0}`} {
		if _, err := scenario.ParseData(text); err == nil {
			t.Errorf("%s is no error", text)
		}
	}
}

// Data without holes is what was written, whatever JSON it is.
func FuzzData(f *testing.F) {
	for _, text := range []string{`{"a":"{user}{event.id}"}`, `[{},{"b":{"c":"{"}}]`, `"{ {{user}"`, `{"a":{random 3}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := scenario.ParseData(text)
		if err != nil {
			return
		}
		got, _ := d.Append(nil, 7, 7, member)
		if text != "" && json.Valid([]byte(text)) && !strings.Contains(text, "{user") && !strings.Contains(text, "{random") && !d.Told() && string(got) != text {
			t.Errorf("%q became %q", text, got)
		}
	})
}
