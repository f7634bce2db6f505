package nginx

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Bounds of what is read; real configurations are far below.
const (
	maxBytes    = 4 << 20 // of a file
	maxFiles    = 1000    // includes, in all
	maxDepth    = 64      // of blocks
	maxIncludes = 16      // of includes within includes
)

// Config is a configuration with all that it includes.
type Config struct {
	Root *Directive
	// Missing are the includes of files that can't be read: nginx would not
	// start, or they are on another machine.
	Missing []*Directive
}

// Parse reads a configuration. fsys is rooted where absolute paths begin; what
// is included by a relative path is looked for beside the file, as nginx does
// for the main one.
func Parse(fsys fs.FS, name string) (*Config, error) {
	p := &parser{fsys: fsys, base: path.Dir(name), config: &Config{Root: &Directive{}}}
	if err := p.file(name, p.config.Root, 0, 0); err != nil {
		return nil, err
	}
	return p.config, nil
}

type parser struct {
	fsys   fs.FS
	base   string
	config *Config
	files  int
}

// file reads a file's directives into a block.
func (p *parser) file(name string, into *Directive, depth, includes int) error {
	text, err := read(p.fsys, name)
	if err != nil {
		return err
	}
	l := &lexer{file: "/" + name, rest: text, line: 1}
	return p.block(l, into, depth, includes, 0)
}

func read(fsys fs.FS, name string) (string, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err == nil && len(text) > maxBytes {
		err = &Error{"/" + name, 1, "too large for a configuration"}
	}
	return string(text), err
}

// block reads directives until the block's brace, opened in that line, or for 0
// until the file's end.
func (p *parser) block(l *lexer, into *Directive, depth, includes, opened int) error {
	if depth > maxDepth {
		return l.fail(l.line, "blocks are nested too deep")
	}
	for {
		t, err := l.next()
		switch {
		case err != nil:
			return err
		case t.kind == end && opened == 0, t.kind == closed && opened > 0:
			return nil
		case t.kind == end:
			return l.fail(opened, "a block is not closed")
		case t.kind != word:
			return l.fail(t.line, "unexpected "+t.text)
		}
		if err := p.directive(l, t, into, depth, includes); err != nil {
			return err
		}
	}
}

// directive reads one directive, whose name was read.
func (p *parser) directive(l *lexer, name token, into *Directive, depth, includes int) error {
	d := &Directive{Name: name.text, File: l.file, Line: name.line, Parent: into}
	for {
		t, err := l.next()
		if err != nil {
			return err
		}
		switch t.kind {
		case word:
			d.Args = append(d.Args, t.text)
			continue
		case semicolon:
			if d.Name == "include" && len(d.Args) == 1 {
				return p.include(d, into, depth, includes)
			}
		case open:
			d.Block = []*Directive{}
			if strings.HasSuffix(d.Name, "_by_lua_block") {
				err = l.raw(t.line)
			} else {
				err = p.block(l, d, depth+1, includes, t.line)
			}
			if err != nil {
				return err
			}
		case end, closed:
			return l.fail(d.Line, d.Name+" does not end with a semicolon")
		}
		into.Block = append(into.Block, d)
		return nil
	}
}

// include reads the files of an include in its place.
func (p *parser) include(d, into *Directive, depth, includes int) error {
	pattern := strings.TrimPrefix(d.Args[0], "/")
	if pattern == d.Args[0] {
		pattern = path.Join(p.base, pattern)
	}
	pattern = path.Clean(pattern)
	names := []string{pattern}
	if strings.ContainsAny(pattern, "*?[") {
		var err error
		if names, err = fs.Glob(p.fsys, pattern); err != nil {
			return &Error{d.File, d.Line, "include: " + err.Error()}
		}
	}
	for _, name := range names {
		if p.files++; p.files > maxFiles || includes >= maxIncludes {
			return &Error{d.File, d.Line, "too many includes"}
		}
		err := p.file(name, into, depth, includes+1)
		var wrong *Error
		if err != nil && !errors.As(err, &wrong) {
			p.config.Missing = append(p.config.Missing, d)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}
