package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// file is what a TOML file says, in the order of its lines.
type file struct {
	settings []setting
	tables   []table // of the lists, each list in its order
}

// table is one table of a list, such as [[namespace]]: its settings, and where it
// begins.
type table struct {
	section  string
	settings []setting
	where    string // "throng.toml:12"
}

// readFile reads the file at path; an empty path is an empty file.
func readFile(path string) (file, Errors) {
	if path == "" {
		return file{}, nil
	}
	data, err := os.ReadFile(path)
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	if err != nil {
		return file{}, Errors{fail("`throng config example` writes one to start from", "%s: %v", path, err)}
	}
	return parseFile(path, data)
}

// parseFile takes a file apart. go-toml gives the values and refuses what is not
// TOML; its parser gives the lines, for the messages.
func parseFile(path string, data []byte) (file, Errors) {
	tree := map[string]any{}
	if err := toml.Unmarshal(data, &tree); err != nil {
		where := path
		var de *toml.DecodeError
		if errors.As(err, &de) {
			row, column := de.Position()
			where = fmt.Sprintf("%s:%d:%d", path, row, column)
		}
		return file{}, Errors{fail("the syntax is that of https://toml.io/en/v1.0.0", "%s", strings.TrimPrefix(err.Error(), "toml: ")).at(where)}
	}
	return splitter{path: path, lines: linesOf(data), schema: sections()}.split(tree)
}

// splitter makes settings of a decoded file.
type splitter struct {
	path   string
	lines  map[string]int
	schema []section
}

func (sp splitter) split(tree map[string]any) (file, Errors) {
	var f file
	for key, value := range tree {
		i := slices.IndexFunc(sp.schema, func(s section) bool { return s.name != "" && s.name == key })
		table, isTable := value.(map[string]any)
		switch {
		case i > 0 && sp.schema[i].list:
			tables, ok := value.([]any)
			if !ok {
				return f, Errors{fail("write [["+key+"]]", "%s is a list of tables", key).at(sp.where(key))}
			}
			f.tables = append(f.tables, sp.tables(key, tables)...)
		case i > 0 && isTable:
			f.settings = append(f.settings, sp.settings(key, table)...)
		default:
			// A top-level setting, or something for the loader to refuse.
			f.settings = append(f.settings, sp.setting(key, bare(key), value))
		}
	}
	slices.SortFunc(f.settings, byLine)
	return f, nil
}

// tables takes the elements of a list apart. What is no table has no settings, and
// the loader will miss the name.
func (sp splitter) tables(key string, list []any) []table {
	tables := make([]table, 0, len(list))
	for i, element := range list {
		path := fmt.Sprintf("%s[%d]", key, i)
		t := table{section: key, where: sp.where(path)}
		content, _ := element.(map[string]any)
		for name, value := range content {
			t.settings = append(t.settings, sp.setting(path+"."+name, key+"."+bare(name), value))
		}
		slices.SortFunc(t.settings, byLine)
		tables = append(tables, t)
	}
	return tables
}

func (sp splitter) settings(key string, table map[string]any) []setting {
	list := make([]setting, 0, len(table))
	for name, value := range table {
		list = append(list, sp.setting(key+"."+name, key+"."+bare(name), value))
	}
	return list
}

// setting is the value of key, which stands at path in the file.
func (sp splitter) setting(path, key string, value any) setting {
	return setting{source: sourceFile, key: key, value: value, line: sp.lines[path], where: sp.where(path) + ": " + key}
}

func (sp splitter) where(path string) string { return fmt.Sprintf("%s:%d", sp.path, sp.lines[path]) }

// bare quotes a name that had to be quoted in the file too, so that
// "engine.loops" = 4 does not pass for the key of two parts.
func bare(name string) string {
	if checkName(name, "-_", 1, 255) != nil {
		return strconv.Quote(name)
	}
	return name
}

// byLine orders settings as they were written. The decoded tables are maps.
func byLine(a, b setting) int {
	return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.key, b.key))
}
