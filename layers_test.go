package throng_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLayers holds the imports of every room against the table of ARCHITECTURE.md,
// on every system that we build for. What tests import is their own business.
func TestLayers(t *testing.T) {
	table := readTable(t)
	stood := make(map[string]bool)
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, p := range packages(t, system) {
			name := strings.TrimPrefix(p.ImportPath, "throng/")
			row, ok := table.row(name)
			if !ok {
				t.Errorf("ARCHITECTURE.md: the table has no row for %s", name)
				continue
			}
			stood[row.name] = true
			for _, imported := range p.Imports {
				if !row.allows(imported) {
					t.Errorf("%s (%s) imports %s, which its row in ARCHITECTURE.md does not allow", name, system, imported)
				}
			}
		}
	}
	for _, row := range table {
		if !stood[row.name] {
			t.Errorf("ARCHITECTURE.md: there is no package for the row %s", row.name)
		}
	}
}

// A library that brings a technology with it is used in one room. x/sys is the
// system itself, and TOML a notation that settings and scenarios share.
func TestLibrariesHaveOneRoom(t *testing.T) {
	rooms := make(map[string][]string)
	for _, row := range readTable(t) {
		for _, module := range row.libraries {
			if !strings.HasPrefix(row.name, "test") && !strings.HasPrefix(module, "golang.org/x/") && module != "github.com/pelletier/go-toml/v2" {
				rooms[module] = append(rooms[module], row.name)
			}
		}
	}
	if len(rooms) == 0 {
		t.Error("the table names no library")
	}
	for _, module := range slices.Sorted(maps.Keys(rooms)) {
		if len(rooms[module]) > 1 {
			t.Errorf("%s is used in %v", module, rooms[module])
		}
	}
}

// row is what the table says of a room. A name that ends in /... stands for a
// folder and all packages below that have no row of their own.
type row struct {
	name      string
	rooms     []string // "throng" is the root
	libraries []string // modules
}

func (r *row) allows(path string) bool {
	name := strings.TrimPrefix(path, "throng/")
	if path == "throng" || name != path {
		return slices.Contains(r.rooms, name)
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(r.libraries, func(module string) bool {
		return path == module || strings.HasPrefix(path, module+"/")
	})
}

type layers []row

func (l layers) row(name string) (row, bool) {
	for _, r := range l {
		if r.name == name {
			return r, true
		}
	}
	for _, r := range l {
		if base, all := strings.CutSuffix(r.name, "/..."); all && (name == base || strings.HasPrefix(name, base+"/")) {
			return r, true
		}
	}
	return row{}, false
}

// readTable reads the table below "## Rooms": room, what it holds, rooms it may
// import, libraries it may import. Names stand in backquotes.
func readTable(t *testing.T) (table layers) {
	t.Helper()
	doc, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(doc), "\n## Rooms\n")
	if !ok {
		t.Fatal("ARCHITECTURE.md has no section Rooms")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "| `") || len(cells) != 4 {
			continue
		}
		table = append(table, row{quoted(cells[0])[0], quoted(cells[2]), quoted(cells[3])})
	}
	if len(table) < 10 {
		t.Fatalf("only %d rows found in ARCHITECTURE.md", len(table))
	}
	return table
}

func quoted(cell string) (names []string) {
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
		names = append(names, m[1])
	}
	return names
}

type listed struct {
	ImportPath string
	Imports    []string
}

// packages asks go list for all packages, as they are for a system.
func packages(t *testing.T, system string) (all []listed) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports", "./...")
	cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list for %s: %v", system, err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
