package throng_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTablesAreTrue: the tables of attacks and of faults name a test in every row,
// and every test that they name exists.
func TestTablesAreTrue(t *testing.T) {
	tests := declaredTests(t)
	for _, page := range []struct {
		file, head string
		least      int // rows
	}{
		{"docs/security.md", "| Attack | Passes when | Test |\n|---|---|---|\n", 20},
		{"docs/reliability.md", "| Fault | Passes when | Test |\n|---|---|---|\n", 10},
	} {
		text, err := os.ReadFile(page.file)
		if err != nil {
			t.Fatal(err)
		}
		_, table, found := strings.Cut(string(text), page.head)
		if !found {
			t.Fatalf("%s has no such table", page.file)
		}
		if rows := checkRows(t, page.file, table, tests); rows < page.least {
			t.Errorf("%s: only %d rows", page.file, rows)
		}
	}
}

func checkRows(t *testing.T, file, table string, tests map[string]bool) (rows int) {
	name := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`")
	for row := range strings.Lines(table) {
		if !strings.HasPrefix(row, "|") {
			break
		}
		rows++
		cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|")
		named := name.FindAllStringSubmatch(cells[len(cells)-1], -1)
		if len(named) == 0 {
			t.Errorf("%s: no test is named: %s", file, row)
		}
		for _, n := range named {
			if !tests[n[1]] {
				t.Errorf("%s: there is no test %s: %s", file, n[1], row)
			}
		}
	}
	return rows
}

// declaredTests are the tests and fuzz targets of the whole tree.
func declaredTests(t *testing.T) map[string]bool {
	t.Helper()
	declaration := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
	tests := make(map[string]bool)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "node_modules":
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range declaration.FindAllSubmatch(bytes.ReplaceAll(source, []byte("\r"), nil), -1) {
			tests[string(m[1])] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
