package config

import "strings"

// setting is one value that somebody gave.
type setting struct {
	source source
	key    string // as the source spells it: engine.loops, THRONG_ENGINE_LOOPS
	value  any    // text, or what go-toml decoded
	line   int    // in the file
	where  string // for messages: "throng.toml:3: engine.loops"
}

// source is a place where settings come from.
type source uint8

const (
	sourceFile source = iota
	sourceEnv
	sourceFlag
)

// spell writes a dotted key as the source does.
func (s source) spell(key string) string {
	if s == sourceEnv {
		return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
	}
	return key
}

// called is how messages call the setting, once its field is known: a flag of
// its own is more likely what was typed than --set.
func (s setting) called(f field) string {
	if flag := f.tag.Get("flag"); flag != "" && s.source == sourceFlag {
		return flag
	}
	return s.where
}

// suggest is the hint for a setting that is not among the known keys.
func (s setting) suggest(known []string) string {
	word := s.key
	if s.source == sourceEnv {
		word = strings.ToLower(strings.TrimPrefix(word, envPrefix))
	}
	if key := nearest(word, known); key != "" {
		return "did you mean " + s.source.spell(key) + "?"
	}
	return "`throng config example` shows every setting"
}
