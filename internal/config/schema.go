package config

import (
	"reflect"
	"strings"
)

// field is one setting as its struct tags describe it.
type field struct {
	key   string // dotted: "engine.loops"
	name  string // within its section: "loops"
	index int    // in the section's struct
	typ   reflect.Type
	tag   reflect.StructTag
}

// section is one TOML table. The first one, without a name, is the top level.
type section struct {
	name   string
	doc    string
	list   bool // an array of tables
	index  int  // in Config; -1 for the top level
	fields []field
}

// sections reads the schema off Config's tags, in the order of the struct.
func sections() []section {
	t := reflect.TypeFor[Config]()
	list := []section{{index: -1}}
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case !f.IsExported():
		case f.Type.Kind() == reflect.Struct:
			list = append(list, newSection(f, f.Type))
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			s := newSection(f, f.Type.Elem())
			s.list = true
			list = append(list, s)
		default:
			list[0].fields = append(list[0].fields, newField("", f))
		}
	}
	return list
}

func newSection(f reflect.StructField, t reflect.Type) section {
	s := section{name: f.Tag.Get("toml"), doc: f.Tag.Get("doc"), index: f.Index[0]}
	for i := range t.NumField() {
		s.fields = append(s.fields, newField(s.name+".", t.Field(i)))
	}
	return s
}

func newField(prefix string, f reflect.StructField) field {
	name := f.Tag.Get("toml")
	return field{key: prefix + name, name: name, index: f.Index[0], typ: f.Type, tag: f.Tag}
}

// words are the allowed values; none where any will do.
func (f field) words() []string { return strings.Fields(f.tag.Get("oneof")) }

// secret reports whether the value is never to be shown.
func (f field) secret() bool { return f.tag.Get("secret") != "" }

// values is a sentence about what the field may hold, to follow its meaning.
func (f field) values() string {
	if words := f.words(); len(words) > 0 {
		return " One of " + strings.Join(words, ", ") + "."
	}
	if low := f.tag.Get("min"); low != "" {
		return " From " + low + " to " + f.tag.Get("max") + "."
	}
	return ""
}

// required reports whether leaving the field out is an error.
func (f field) required() bool { return f.tag.Get("required") != "" }

// of returns the struct in c that holds the section's fields. The section must
// not be a list.
func (s section) of(c *Config) reflect.Value {
	v := reflect.ValueOf(c).Elem()
	if s.index < 0 {
		return v
	}
	return v.Field(s.index)
}

// holders returns the structs in c that hold the section's fields: one, or one
// for each table of a list.
func (s section) holders(c *Config) []reflect.Value {
	v := s.of(c)
	if !s.list {
		return []reflect.Value{v}
	}
	list := make([]reflect.Value, v.Len())
	for i := range list {
		list[i] = v.Index(i)
	}
	return list
}

// shown returns the holders among the defaults, for the reference and the example:
// a list that is empty has one, which is nobody's default.
func (s section) shown() (holders []reflect.Value, made bool) {
	v := Default()
	if holders = s.holders(v); len(holders) > 0 {
		return holders, false
	}
	return []reflect.Value{reflect.New(s.of(v).Type().Elem()).Elem()}, true
}
