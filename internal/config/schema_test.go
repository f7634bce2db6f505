package config

import (
	"strings"
	"testing"
)

// Every setting is described, its default is allowed, and its variable is its
// own.
func TestSchema(t *testing.T) {
	variables := map[string]string{envFile: "the file"}
	for _, s := range sections() {
		if s.name != "" && s.doc == "" {
			t.Errorf("[%s] has no doc", s.name)
		}
		for _, f := range s.fields {
			if f.name == "" || f.tag.Get("doc") == "" {
				t.Errorf("%s has no toml name or no doc", f.key)
			}
			if (f.tag.Get("min") == "") != (f.tag.Get("max") == "") {
				t.Errorf("%s has only one of min and max", f.key)
			}
			env := sourceEnv.spell(f.key)
			if other := variables[env]; other != "" || injectedVariables().MatchString(env) {
				t.Errorf("%s: %s is taken %s", f.key, env, other)
			}
			variables[env] = f.key
			checkDefault(t, f, s)
		}
	}
}

func checkDefault(t *testing.T, f field, s section) {
	for _, holder := range s.holders(Default()) {
		tree, errs := parseFile("", []byte("v = "+literal(holder.Field(f.index).Interface())))
		if errs != nil {
			t.Fatalf("%s: %v", f.key, errs)
		}
		if err := f.set(holder, tree.settings[0].value); err != nil {
			t.Errorf("the default of %s: %v", f.key, err)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"loops", "loops", 0}, {"lops", "loops", 1},
		{"lopos", "loops", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"ca", "abc", 3},
	} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("%s, %s: got %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

func TestLines(t *testing.T) {
	const doc = "a = 1\r\nb.c = 2 # x\n\n[t] # y\n  \"q\" = '''\nlong\n'''\nin = { x = 1,\n y = [ { z = 2 } ] }\n[[n]]\nk = 1\n[[n]]\n[n.sub]\nk = 2\n[u.v]\nw = 1"
	lines := linesOf([]byte(doc))
	for path, want := range map[string]int{
		"a": 1, "b.c": 2, "t": 4, "t.q": 5, "t.in": 8, "t.in.x": 8, "t.in.y": 9,
		"n": 10, "n[0]": 10, "n[0].k": 11, "n[1]": 12, "u.v": 15, "u.v.w": 16,
	} {
		if lines[path] != want {
			t.Errorf("%s: line %d, want %d", path, lines[path], want)
		}
	}
	if strings.Count(doc, "\n") != 15 {
		t.Error("the document changed")
	}
}
