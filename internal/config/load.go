package config

import (
	"slices"
	"strings"
)

// LoadOptions says where a configuration comes from.
type LoadOptions struct {
	// File is the path of a TOML file. Where it is empty, the environment
	// variable THRONG_CONFIG may name one; without both there is none.
	File string
	// Env is the environment, as os.Environ returns it.
	Env []string
	// Set holds settings from the command line by their dotted keys; the items
	// of a list are separated by commas.
	Set map[string]string
}

// Load reads a configuration and checks it. A flag wins over the environment,
// the environment over the file, the file over the default. An error is always
// of type Errors.
func Load(opts LoadOptions) (*Config, error) {
	path := opts.File
	if path == "" {
		path = fileFromEnv(opts.Env)
	}
	f, errs := readFile(path)
	return load(f, errs, opts)
}

// load puts the layers together. errs is what was wrong with the file.
func load(f file, errs Errors, opts LoadOptions) (*Config, error) {
	l := loader{schema: sections(), file: f}
	l.settings = slices.Concat(f.settings, fromEnv(opts.Env), fromSet(opts.Set))

	c, wrong := l.assemble(Default())
	if c.Dev {
		// Development changes the defaults, so everything that was said goes
		// on top of them once more.
		dev := Default()
		dev.ApplyDev()
		c, wrong = l.assemble(dev)
	}
	if errs = append(errs, wrong...); len(errs) > 0 {
		return nil, errs
	}
	return c, nil
}

// loader lays settings on top of defaults.
type loader struct {
	schema   []section
	file     file
	settings []setting // the weakest first
}

func (l *loader) assemble(c *Config) (*Config, Errors) {
	var errs Errors
	for _, s := range l.settings {
		if err := l.apply(c, s); err != nil {
			errs = append(errs, err)
		}
	}
	errs = append(errs, l.applyLists(c)...)
	if len(errs) > 0 {
		return c, errs // what is checked together would only repeat these
	}
	return c, c.validate()
}

// apply sets the field that a setting names.
func (l *loader) apply(c *Config, s setting) *Error {
	for _, sec := range l.schema {
		if sec.list {
			continue
		}
		for _, f := range sec.fields {
			if s.source.spell(f.key) != s.key {
				continue
			}
			if err := f.set(sec.of(c), s.value); err != nil {
				return err.at(s.called(f))
			}
			return nil
		}
	}
	return l.unknown(s).at(s.where)
}

// unknown says that there is no such setting, and which was probably meant.
func (l *loader) unknown(s setting) *Error {
	what := "unknown setting"
	_, isTable := s.value.(map[string]any)
	if isTable {
		what = "unknown section"
	}
	var known []string
	for _, sec := range l.schema {
		switch {
		case sec.name == s.key && s.source == sourceFile && s.key != "":
			return fail("write ["+sec.name+"] on a line of its own, its settings below", "it is a section")
		case sec.list && s.source != sourceFile && strings.HasPrefix(s.key, s.source.spell(sec.name)):
			return fail(sec.name+" tables are written in the file: [["+sec.name+"]]", "it can't be set here")
		}
		if isTable && sec.name != "" {
			known = append(known, sec.name)
		}
		for _, f := range sec.fields {
			if !sec.list {
				known = append(known, f.key)
			}
		}
	}
	return fail(s.suggest(known), "%s", what)
}
