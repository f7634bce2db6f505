package config

import (
	"bufio"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

const referenceIntro = `# Configuration

<!-- Generated from the tags of internal/config/config.go; change them and run: go generate ./internal/config -->

throng reads one TOML file (` + "`--config FILE`, or the variable `" + envFile + "`" + `), the environment and its flags. A flag wins
over the environment, the environment over the file, the file over the default. Whatever throng does not know is an
error that names the nearest known setting.

- **Flags**: every setting outside ` + "`[[…]]` can be given as `--set key=value`" + `; some have a flag of their own.
- **Environment**: the items of a list are separated by commas, as they are with ` + "`--set`" + `. Variables that Kubernetes makes
  of a Service named throng (` + "`THRONG_SERVICE_HOST`, `THRONG_PORT_…`" + `) are ignored.
- **Durations** have units: ` + "`\"250ms\"`, `\"60s\"`, `\"1h30m\"`" + `. **Sizes** are bytes, or have one: ` + "`65536`, `\"64KiB\"`, `\"1MiB\"`, `\"2GiB\"`" + `.
- ` + "`throng config example`" + ` writes a commented file, ` + "`config check`" + ` tells what is wrong with one, ` + "`config print`" + ` shows
  what is in effect.

With ` + "`dev = true`" + ` (` + "`--dev`" + `) other defaults hold: ` + "`listen = [\"localhost:8000\"]`, `http.allowed_origins = [\"*\"]`, `websocket.echo = true`" + `; every namespace
has ` + "`subscribe` and `publish = \"anybody\"`, `client_events = \"broadcast\"`" + `; any name is a namespace; and ` + "`hist`" + ` keeps
100 publications for 5 minutes unless the file configures it. What is set explicitly still holds.
`

// WriteReference writes the reference page, docs/configuration.md.
func WriteReference(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString(referenceIntro)
	for _, s := range sections() {
		holders, _ := s.shown()
		holder := holders[0]
		fmt.Fprintf(b, "\n## %s\n\n", s.title())
		if s.doc != "" {
			fmt.Fprintf(b, "%s\n\n", s.doc)
		}
		b.WriteString("| Key | Type | Default | Environment | Flag | Meaning |\n|---|---|---|---|---|---|\n")
		for _, f := range s.fields {
			def := code(literal(holder.Field(f.index).Interface()))
			env, flag := code(sourceEnv.spell(f.key)), code(f.tag.Get("flag"))
			if s.list {
				env = ""
			}
			if f.required() {
				def = "required"
			}
			row(b, code(f.name), f.kind(), def, env, flag, f.tag.Get("doc"))
		}
	}
	return b.Flush()
}

func (s section) title() string {
	switch {
	case s.list:
		return "`[[" + s.name + "]]`"
	case s.name != "":
		return "`[" + s.name + "]`"
	}
	return "Top level"
}

func row(b *bufio.Writer, cells ...string) {
	for _, c := range cells {
		fmt.Fprintf(b, "| %s ", strings.ReplaceAll(c, "|", `\|`))
	}
	b.WriteString("|\n")
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// kind is the field's type in words, with what it may hold.
func (f field) kind() string {
	if words := f.words(); len(words) > 0 {
		return "`" + strings.Join(words, "`, `") + "`"
	}
	name := map[reflect.Type]string{
		reflect.TypeFor[bool]():          "boolean",
		reflect.TypeFor[int]():           "integer",
		reflect.TypeFor[string]():        "string",
		reflect.TypeFor[[]string]():      "list of strings",
		reflect.TypeFor[Size]():          "size",
		reflect.TypeFor[time.Duration](): "duration",
	}[f.typ]
	if low := f.tag.Get("min"); low != "" {
		name += ", " + low + " to " + f.tag.Get("max")
	}
	return name
}
