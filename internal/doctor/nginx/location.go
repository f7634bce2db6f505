package nginx

import (
	"regexp"
	"strings"
)

// Servers are the server blocks of http.
func (c *Config) Servers() (servers []*Directive) {
	for _, s := range c.Root.Below("server") {
		if s.Block != nil && (s.Parent.Name == "" || s.Parent.Name == "http") {
			servers = append(servers, s)
		}
	}
	return servers
}

// Location is the block of a server that serves a path, as nginx chooses it: the
// exact one, then the longest prefix if it is marked ^~, then the first regular
// expression, then the longest prefix. nil: no location does. Expressions that Go
// does not know match nothing.
func Location(server *Directive, path string) *Directive {
	var longest, expression *Directive
	size := -1
	for _, l := range server.Below("location") {
		how, pattern := l.Arg(0), l.Arg(1)
		if len(l.Args) == 1 {
			how, pattern = "", l.Arg(0)
		}
		switch how {
		case "=":
			if pattern == path {
				return l
			}
		case "", "^~":
			if strings.HasPrefix(path, pattern) && len(pattern) > size {
				longest, size = l, len(pattern)
			}
		case "~", "~*":
			if how == "~*" {
				pattern = "(?i)" + pattern
			}
			re, err := regexp.Compile(pattern)
			if expression == nil && err == nil && re.MatchString(path) {
				expression = l
			}
		}
	}
	if expression != nil && (longest == nil || longest.Arg(0) != "^~") {
		return expression
	}
	return longest
}

// Unclear says whether a location has an expression that Go does not know, or
// passes on under a condition (if): then Location may miss it.
func (c *Config) Unclear() bool {
	for _, l := range c.Root.Below("location") {
		if how := l.Arg(0); how == "~" || how == "~*" {
			if _, err := regexp.Compile(l.Arg(1)); err != nil {
				return true
			}
		}
		for _, condition := range l.All("if") {
			if condition.One("proxy_pass") != nil {
				return true
			}
		}
	}
	return false
}
