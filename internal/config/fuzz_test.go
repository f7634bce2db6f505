package config

import (
	"bytes"
	"reflect"
	"testing"
)

// Whatever a file holds, reading it ends with errors that have hints, or with a
// configuration that Print repeats. The decoded tables are maps, whose order
// confuses the minimizer: run it with -fuzzminimizetime 5x.
func FuzzFile(f *testing.F) {
	var example bytes.Buffer
	if err := WriteExample(&example); err != nil {
		f.Fatal(err)
	}
	f.Add(example.Bytes())
	for _, seed := range []string{
		"", "dev = true", "listen = [\":1\", \"unix:/x\"]", "engine = { loops = 3 }", "[[namespace]]\nname = \"a\"",
		"namespace = [{ name = \"a\" }, 3, []]", "[engine]\nqueue_bytes = \"1MiB\"", "[a.b]\nc = 1979-05-27", "\"\" = 1", "[\"\"]\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := loadBytes(data)
		if err != nil {
			for _, e := range err.(Errors) {
				if e.Msg == "" || e.Hint == "" {
					t.Errorf("message %q, hint %q", e.Msg, e.Hint)
				}
			}
			return
		}
		var b bytes.Buffer
		if err := Print(&b, c); err != nil {
			t.Fatal(err)
		}
		again, err := loadBytes(b.Bytes())
		if err != nil {
			t.Fatalf("%v in:\n%s", err, b.String())
		}
		if !reflect.DeepEqual(c, again) {
			t.Errorf("got %+v, want %+v", again, c)
		}
	})
}

func loadBytes(data []byte) (*Config, error) {
	f, errs := parseFile("fuzz.toml", data)
	return load(f, errs, LoadOptions{})
}
