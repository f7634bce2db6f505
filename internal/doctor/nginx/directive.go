// Package nginx reads nginx configurations as far as a reader needs that asks
// what is set where: directives, blocks, includes. It knows the grammar and the
// inheritance, and of single directives nothing but include.
package nginx

import "fmt"

// Directive is one directive. The root of a configuration has no name.
type Directive struct {
	Name   string
	Args   []string
	File   string
	Line   int
	Block  []*Directive // nil where there is none
	Parent *Directive
}

// Error is why a file can't be read as a configuration.
type Error struct {
	File string
	Line int
	Msg  string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg) }

// Where is the directive's place, as file:line.
func (d *Directive) Where() string { return fmt.Sprintf("%s:%d", d.File, d.Line) }

// Arg is an argument, or "".
func (d *Directive) Arg(i int) string {
	if d == nil || i >= len(d.Args) {
		return ""
	}
	return d.Args[i]
}

// All are the directives of a name within the block itself.
func (d *Directive) All(name string) (all []*Directive) {
	for _, c := range d.Block {
		if c.Name == name {
			all = append(all, c)
		}
	}
	return all
}

// One is the last directive of a name within the block itself, or nil.
func (d *Directive) One(name string) *Directive {
	all := d.All(name)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// Below are all directives of a name, however deep.
func (d *Directive) Below(name string) (all []*Directive) {
	for _, c := range d.Block {
		if c.Name == name {
			all = append(all, c)
		}
		all = append(all, c.Below(name)...)
	}
	return all
}

// Inherited are the directives of a name that hold within the block: those of
// the nearest level that has any. A level that sets one proxy_set_header
// inherits none.
func (d *Directive) Inherited(name string) []*Directive {
	for at := d; at != nil; at = at.Parent {
		if all := at.All(name); len(all) > 0 {
			return all
		}
	}
	return nil
}

// Setting is the directive of a name that holds within the block, or nil.
func (d *Directive) Setting(name string) *Directive {
	all := d.Inherited(name)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}
