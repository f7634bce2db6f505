package haproxy

import (
	"slices"
	"strings"
)

// Backends are where a WebSocket for a path may go from a frontend or listen, as
// far as its conditions can be judged: only those on the path and on the Upgrade
// and Connection headers are; all others may be true.
func (c *Config) Backends(front *Section, path string) (backends []*Section) {
	add := func(name string) {
		if b := c.Backend(name); b != nil && !slices.Contains(backends, b) {
			backends = append(backends, b)
		}
	}
	for _, rule := range front.Own("use_backend") {
		switch front.judge(rule.Words[min(2, len(rule.Words)):], path) {
		case yes:
			add(rule.Word(1))
			return backends
		case maybe:
			add(rule.Word(1))
		}
	}
	if d := front.Setting("default_backend"); d != nil {
		add(d.Word(1))
	} else if front.Kind == "listen" {
		backends = append(backends, front)
	}
	return backends
}

// Unclear says whether a backend is chosen by an expression, or has servers by a
// template: then Backends, or their servers, may be incomplete.
func (c *Config) Unclear() bool {
	for _, s := range c.Sections {
		for _, l := range append(s.Own("use_backend"), s.Own("default_backend")...) {
			if strings.Contains(l.Word(1), "%[") {
				return true
			}
		}
		if len(s.Own("server-template")) > 0 {
			return true
		}
	}
	return false
}

// answer is what can be said of a condition.
type answer int

const (
	no answer = iota
	maybe
	yes
)

// judge answers `if …` or `unless …`. Alternatives are joined by "or" and "||",
// what stands side by side must all be true.
func (s *Section) judge(words []string, path string) answer {
	if len(words) == 0 {
		return yes
	}
	result, all := no, yes
	for i := 1; i < len(words); i++ {
		word := words[i]
		if word == "or" || word == "||" {
			result, all = max(result, all), yes
			continue
		}
		negated := false
		for strings.HasPrefix(word, "!") {
			negated, word = !negated, word[1:]
		}
		if word == "" && i+1 < len(words) {
			i++
			word = words[i]
		}
		var one answer
		if word == "{" {
			stop := slices.Index(words[i:], "}")
			if stop < 0 {
				return maybe
			}
			one = test(words[i+1:i+stop], path)
			i += stop
		} else {
			one = s.acl(word, path)
		}
		if negated {
			one = yes - one
		}
		all = min(all, one)
	}
	result = max(result, all)
	if words[0] == "unless" {
		return yes - result
	}
	return result
}

// acl answers a named one, which is true where any of its lines is.
func (s *Section) acl(name, path string) answer {
	lines := s.Own("acl", name)
	if len(lines) == 0 {
		return maybe // one of HAProxy's own, or of the defaults
	}
	result := no
	for _, l := range lines {
		result = max(result, test(l.Words[2:], path))
	}
	return result
}

// test answers `path_beg /socket` and the like for a WebSocket's request.
func test(words []string, path string) answer {
	if len(words) < 2 {
		return maybe
	}
	fetch, patterns := words[0], words[1:]
	how := "str"
	for len(patterns) > 1 && strings.HasPrefix(patterns[0], "-") {
		switch flag := patterns[0]; {
		case flag == "-m":
			how, patterns = patterns[1], patterns[1:]
		case flag == "-i":
			path = strings.ToLower(path)
			patterns = lower(patterns)
		case flag != "--":
			return maybe
		}
		patterns = patterns[1:]
	}
	if name, suffix, ok := strings.Cut(fetch, "_"); ok && name == "path" {
		fetch, how = name, suffix
	}
	switch strings.ToLower(fetch) {
	case "path":
		return matches(how, path, patterns)
	case "hdr(upgrade)", "req.hdr(upgrade)", "hdr(connection)", "req.hdr(connection)":
		if slices.ContainsFunc(patterns, func(p string) bool {
			return strings.EqualFold(p, "websocket") || strings.EqualFold(p, "upgrade")
		}) {
			return yes
		}
	}
	return maybe
}

func lower(words []string) (lowered []string) {
	for _, w := range words {
		lowered = append(lowered, strings.ToLower(w))
	}
	return lowered
}

func matches(how, path string, patterns []string) answer {
	var match func(s, pattern string) bool
	switch how {
	case "str":
		match = func(s, pattern string) bool { return s == pattern }
	case "beg":
		match = strings.HasPrefix
	case "end":
		match = strings.HasSuffix
	case "sub":
		match = strings.Contains
	default:
		return maybe
	}
	if slices.ContainsFunc(patterns, func(p string) bool { return match(path, p) }) {
		return yes
	}
	return no
}
