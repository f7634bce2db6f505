package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	envPrefix = "THRONG_"
	// envFile names the file, so that a container needs no arguments.
	envFile = "THRONG_CONFIG"
	// envURL tells commands that ask a server where its API is; no setting.
	envURL = "THRONG_API_URL"
)

// fileFromEnv returns the path that THRONG_CONFIG holds.
func fileFromEnv(env []string) (path string) {
	for _, kv := range env {
		if p, ok := strings.CutPrefix(kv, envFile+"="); ok {
			path = p
		}
	}
	return path
}

// fromEnv returns the settings among the environment's variables, in its order.
func fromEnv(env []string) []setting {
	injected := injectedVariables()
	var list []setting
	for _, kv := range env {
		name, value, ok := strings.Cut(kv, "=")
		if !ok || !strings.HasPrefix(name, envPrefix) || name == envFile || name == envURL || injected.MatchString(name) {
			continue
		}
		list = append(list, setting{source: sourceEnv, key: name, value: text(value), where: name})
	}
	return list
}

// injectedVariables matches what Kubernetes puts into every pod of a namespace
// that has a Service named throng or throng-something (THRONG_SERVICE_HOST,
// THRONG_PORT_8000_TCP_ADDR …). They are not ours and no typing errors either.
// No setting may be named like them; a test keeps that.
func injectedVariables() *regexp.Regexp {
	return regexp.MustCompile(`^THRONG_([A-Z0-9_]+_)?` +
		`(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)
}

// fromSet returns the settings of the command line, sorted by key.
func fromSet(set map[string]string) []setting {
	var list []setting
	for _, key := range slices.Sorted(maps.Keys(set)) {
		list = append(list, setting{source: sourceFlag, key: key, value: text(set[key]), where: "--set " + key})
	}
	return list
}
