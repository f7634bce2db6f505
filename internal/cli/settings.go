package cli

import (
	"strings"

	"throng/internal/config"
)

// settings are the flags that set configuration.
type settings struct {
	Config    string            `help:"Configuration file (TOML)." placeholder:"FILE" type:"path"`
	Listen    []string          `help:"Public address, host:port or unix:/path; repeatable." placeholder:"ADDR" sep:"none"`
	Internal  *string           `help:"Internal address for metrics, health and profiles; empty for none." placeholder:"ADDR"`
	Engine    *string           `help:"How connections are carried: auto, epoll or goroutine." placeholder:"KIND"`
	LogLevel  *string           `help:"debug, info, warn or error." placeholder:"LEVEL"`
	LogFormat *string           `help:"text or json." placeholder:"FORMAT"`
	Set       map[string]string `help:"Any other setting, by its name in the file; repeatable." placeholder:"KEY=VALUE" mapsep:"none"`
}

// load makes the configuration of file, environment and flags.
func (f *settings) load(r *run, dev bool) (*config.Config, error) {
	set := make(map[string]string)
	for k, v := range f.Set {
		set[k] = v
	}
	if len(f.Listen) > 0 {
		set["listen"] = strings.Join(f.Listen, ",")
	}
	for key, v := range map[string]*string{
		"internal": f.Internal, "engine.kind": f.Engine, "log.level": f.LogLevel, "log.format": f.LogFormat,
	} {
		if v != nil {
			set[key] = *v
		}
	}
	if dev {
		set["dev"] = "true"
	}
	return config.Load(config.LoadOptions{File: f.Config, Env: r.env, Set: set})
}
