package config

import (
	"reflect"
	"slices"
)

// applyNamespaces adds what the file's [[namespace]] tables say. A table takes
// the place of a default namespace of its name.
func (l *loader) applyNamespaces(c *Config) Errors {
	var errs Errors
	seen := map[string]string{}
	for _, table := range l.file.namespaces {
		n, wrong := l.namespace(c, table)
		if first, ok := seen[n.Name]; ok && n.Name != "" {
			wrong = append(wrong, fail("write one table; the first is at "+first, "namespace %q is configured twice", n.Name).at(table.where))
		}
		if len(wrong) > 0 {
			errs = append(errs, wrong...)
			continue
		}
		seen[n.Name] = table.where
		if old := c.find(n.Name); old != nil {
			*old = n
		} else {
			c.Namespaces = append(c.Namespaces, n)
		}
	}
	return errs
}

// namespace reads one table.
func (l *loader) namespace(c *Config, table namespaceTable) (Namespace, Errors) {
	n := c.newNamespace("")
	var errs Errors
	named := false
	for _, s := range table.settings {
		named = named || s.key == nameKey
		if err := l.applyTo(&n, s); err != nil {
			errs = append(errs, err.at(s.where))
		}
	}
	if !named {
		errs = append(errs, fail(`write name = "default", or the prefix of its channels`, "a namespace without a name").at(table.where))
	}
	if len(errs) == 0 {
		if err := n.validate(); err != nil {
			errs = append(errs, err.at(table.where))
		}
	}
	return n, errs
}

// applyTo sets the field of a namespace that a setting names.
func (l *loader) applyTo(n *Namespace, s setting) *Error {
	sec := l.schema[slices.IndexFunc(l.schema, func(s section) bool { return s.list })]
	var known []string
	for _, f := range sec.fields {
		if f.key == s.key {
			return f.set(reflect.ValueOf(n).Elem(), s.value)
		}
		known = append(known, f.key)
	}
	return fail(s.suggest(known), "unknown setting")
}
