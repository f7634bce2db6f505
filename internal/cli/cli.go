// Package cli is throng's command line: it parses, runs, and turns errors into
// messages and exit codes. Results go to stdout; errors, hints and the log go to
// stderr.
package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1 // it was asked rightly and did not work
	exitUsage   = 2 // the command line or the configuration is wrong
)

const description = "Holds a crowd of live connections. `throng demo` shows it in a browser, " +
	"`throng serve --dev` is what to develop against, `throng config example` begins a configuration file."

// commands is what can be asked for.
type commands struct {
	Serve       serveCommand       `cmd:"" help:"Run the server."`
	Demo        demoCommand        `cmd:"" help:"Run a development server with a chat page, to look at throng in a browser."`
	Bench       benchCommand       `cmd:"" help:"Put a server under load and measure it from outside."`
	Publish     publishCommand     `cmd:"" help:"Publish to a channel of a running server."`
	Channels    channelsCommand    `cmd:"" help:"List the channels of a running server."`
	Connections connectionsCommand `cmd:"" help:"List the connections of a running server."`
	Disconnect  disconnectCommand  `cmd:"" help:"End connections of a running server."`
	Visits      visitsCommand      `cmd:"" help:"Ask a running server who is here, who was, and how long."`
	Bonus       bonusCommand       `cmd:"" help:"Offer timed bonuses on a running server, and see who has them."`
	API         apiCommand         `cmd:"" name:"api" help:"Call any method of a running server's API."`
	Config      configCommand      `cmd:"" help:"Show, check or explain the configuration."`
	Doctor      doctorCommand      `cmd:"" help:"Say what on this machine, and in the proxies in front, stands in the way of many connections."`
	Token       tokenCommand       `cmd:"" help:"Make tokens and explain them."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

// run is what a command works with.
type run struct {
	args   []string
	env    []string
	stdout io.Writer
	stderr io.Writer
}

// Main runs a command line and returns the exit code.
func Main(args, env []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "help" { // as people type it
		args = append(args[1:len(args):len(args)], "--help")
	}
	var c commands
	helped := -1
	p, err := kong.New(&c, kong.Name("throng"), kong.Description(description),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { helped = code }))
	if err != nil {
		return explain(stderr, err)
	}
	k, err := p.Parse(args)
	if helped >= 0 { // --help was answered
		return helped
	}
	if err != nil {
		return misused(stderr, err)
	}
	if err := k.Run(&run{args: args, env: env, stdout: stdout, stderr: stderr}); err != nil {
		return explain(stderr, err)
	}
	return exitOK
}

// misused says what is wrong with a command line and which page helps.
func misused(w io.Writer, err error) int {
	page := "throng"
	var pe *kong.ParseError
	if errors.As(err, &pe) && pe.Context != nil {
		if command := pe.Context.Command(); command != "" {
			page += " " + command
		}
	}
	complain(w, err.Error(), "see `"+page+" --help`")
	return exitUsage
}

// complain writes an error and, when there is one, a hint what to do about it.
func complain(w io.Writer, message, hint string) {
	fmt.Fprintf(w, "throng: error: %s\n", message)
	if hint != "" {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
}
