package config

import (
	"fmt"
	"reflect"
	"slices"
)

// element is what a table of a list says. It has a field Name, which no other
// table of its list has.
type element interface {
	validate() *Error
}

// applyLists adds what the file's lists say, such as its [[namespace]] tables. A
// table takes the place of a default one of its name.
func (l *loader) applyLists(c *Config) Errors {
	var errs Errors
	seen := map[string]string{}
	for _, t := range l.file.tables {
		sec := l.schema[slices.IndexFunc(l.schema, func(s section) bool { return s.list && s.name == t.section })]
		e, wrong := l.element(c, sec, t)
		name := nameOf(e)
		id := t.section + ":" + name
		if first, ok := seen[id]; ok && name != "" {
			wrong = append(wrong, fail("write one table; the first is at "+first, "%s %q is configured twice", t.section, name).at(t.where))
		}
		if len(wrong) > 0 {
			errs = append(errs, wrong...)
			continue
		}
		seen[id] = t.where
		sec.put(c, e)
	}
	return errs
}

func nameOf(e reflect.Value) string { return e.FieldByName("Name").String() }

// put adds an element to the section's list, in the place of one of its name.
func (s section) put(c *Config, e reflect.Value) {
	list := s.of(c)
	for i := range list.Len() {
		if nameOf(list.Index(i)) == nameOf(e) {
			list.Index(i).Set(e)
			return
		}
	}
	list.Set(reflect.Append(list, e))
}

// element reads one table.
func (l *loader) element(c *Config, sec section, t table) (reflect.Value, Errors) {
	p := reflect.New(sec.of(c).Type().Elem())
	if n, ok := p.Interface().(*Namespace); ok {
		*n = c.newNamespace("")
	}
	var errs Errors
	named := false
	for _, s := range t.settings {
		named = named || s.key == sec.name+".name"
		if err := sec.apply(p.Elem(), s); err != nil {
			errs = append(errs, err.at(s.where))
		}
	}
	if !named {
		errs = append(errs, nameless(sec).at(t.where))
	}
	if len(errs) == 0 {
		if err := p.Interface().(element).validate(); err != nil {
			errs = append(errs, err.at(t.where))
		}
	}
	return p.Elem(), errs
}

func nameless(sec section) *Error {
	if sec.name == "namespace" {
		return fail(`write name = "default", or the prefix of its channels`, "a namespace without a name")
	}
	return fail(`write name = "something"`, "[[%s]] without a name", sec.name)
}

// apply sets the field of a list's element that a setting names.
func (s section) apply(e reflect.Value, given setting) *Error {
	var known []string
	for _, f := range s.fields {
		if f.key == given.key {
			return f.set(e, given.value)
		}
		known = append(known, f.key)
	}
	return fail(given.suggest(known), "unknown setting")
}

var _ = []element{(*Namespace)(nil), (*APIKey)(nil)}

// String keeps a key out of whatever prints a configuration.
func (k APIKey) String() string { return fmt.Sprintf("api_key %q", k.Name) }
