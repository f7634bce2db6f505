// Package cli is throng's command line: it parses, runs, and turns errors into
// messages and exit codes. Results go to stdout, all else to stderr.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"throng/internal/config"
	"throng/internal/server"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Demo    demoCommand    `cmd:"" help:"Run a development server with a chat page, to look at throng in a browser."`
	Config  configCommand  `cmd:"" help:"Show, check or explain the configuration."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// run is what commands get.
type run struct {
	env    []string
	stdout io.Writer
	stderr io.Writer
}

// settings are the flags that set configuration.
type settings struct {
	Config    string            `help:"Configuration file (TOML)." placeholder:"FILE" type:"path"`
	Listen    []string          `help:"Public address, host:port or unix:/path; repeatable." placeholder:"ADDR" sep:"none"`
	Internal  *string           `help:"Internal address for metrics, health and profiles; empty for none." placeholder:"ADDR"`
	Engine    *string           `help:"How connections are carried: auto, epoll or goroutine." placeholder:"KIND"`
	LogLevel  *string           `help:"debug, info, warn or error." placeholder:"LEVEL"`
	LogFormat *string           `help:"text or json." placeholder:"FORMAT"`
	Set       map[string]string `help:"Any other setting, by its name in the file." placeholder:"KEY=VALUE" mapsep:"none"`
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

type serveCommand struct {
	settings
	Dev bool `help:"Development mode: everybody may do everything. Never in production."`
}

func (c *serveCommand) Run(r *run) error {
	cfg, err := c.load(r, c.Dev)
	if err != nil {
		return err
	}
	return serve(r, server.Options{Config: cfg})
}

type demoCommand struct{ settings }

func (c *demoCommand) Run(r *run) error {
	cfg, err := c.load(r, true)
	if err != nil {
		return err
	}
	return serve(r, server.Options{Config: cfg, Demo: true})
}

func serve(r *run, o server.Options) error {
	o.Log = logger(r.stderr, o.Config.Log)
	s, err := server.New(o)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return s.Run(ctx)
}

func logger(w io.Writer, c config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // was checked with the configuration
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

type configCommand struct {
	Example   struct{}     `cmd:"" help:"Print a commented example file."`
	Reference struct{}     `cmd:"" help:"Print the reference page (Markdown)."`
	Check     configLoader `cmd:"" help:"Check a configuration and say nothing if it is right."`
	Print     configLoader `cmd:"" help:"Print the configuration in force."`
}

type configLoader struct {
	settings
	Dev bool `help:"With development mode."`
}

type versionCommand struct{}

func (versionCommand) Run(r *run) error {
	_, err := fmt.Fprintln(r.stdout, "throng", Version())
	return err
}

// Version returns the version that the binary was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// Main runs a command line and returns the exit code.
func Main(args, env []string, stdout, stderr io.Writer) int {
	var c commands
	code := -1
	p, err := kong.New(&c, kong.Name("throng"), kong.Description("Holds a crowd of live connections."),
		kong.Writers(stdout, stderr), kong.Exit(func(n int) { code = n }), kong.UsageOnError())
	if err != nil {
		return report(stderr, err)
	}
	k, err := p.Parse(args)
	if code >= 0 { // --help
		return code
	}
	if err != nil {
		fmt.Fprintf(stderr, "throng: error: %v\nhint: throng --help\n", err)
		return exitUsage
	}
	r := &run{env: env, stdout: stdout, stderr: stderr}
	switch k.Command() {
	case "config example":
		err = config.WriteExample(stdout)
	case "config reference":
		err = config.WriteReference(stdout)
	case "config check":
		_, err = c.Config.Check.load(r, c.Config.Check.Dev)
	case "config print":
		err = c.Config.Print.print(r)
	default:
		err = k.Run(r)
	}
	if err != nil {
		return report(stderr, err)
	}
	return exitOK
}

func (c *configLoader) print(r *run) error {
	cfg, err := c.load(r, c.Dev)
	if err != nil {
		return err
	}
	return config.Print(r.stdout, cfg)
}

// report writes an error and what to do about it, and returns the exit code.
func report(w io.Writer, err error) int {
	var several config.Errors
	if errors.As(err, &several) {
		for _, e := range several {
			fmt.Fprintf(w, "throng: error: %s\n", e.Msg)
			if e.Hint != "" {
				fmt.Fprintf(w, "hint: %s\n", e.Hint)
			}
		}
		return exitUsage
	}
	fmt.Fprintf(w, "throng: error: %v\n", err)
	if hint := hintFor(err); hint != "" {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
	return exitFailure
}

func hintFor(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "another process listens there: stop it, or choose another address with --listen or --internal"
	case errors.Is(err, syscall.EACCES):
		return "ports below 1024 need root or the capability CAP_NET_BIND_SERVICE"
	}
	return ""
}
