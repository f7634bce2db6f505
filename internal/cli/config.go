package cli

import (
	"throng/internal/config"
	"throng/internal/server"
)

type configCommand struct {
	Example   exampleCommand   `cmd:"" help:"Print a commented example file."`
	Reference referenceCommand `cmd:"" help:"Print the reference page (Markdown)."`
	Check     checkCommand     `cmd:"" help:"Check a configuration and say nothing if it is right."`
	Print     printCommand     `cmd:"" help:"Print the configuration in force."`
}

type exampleCommand struct{}

// Run implements the command.
func (exampleCommand) Run(r *run) error { return config.WriteExample(r.stdout) }

type referenceCommand struct{}

// Run implements the command.
func (referenceCommand) Run(r *run) error { return config.WriteReference(r.stdout) }

type checkCommand struct {
	settings
	Dev bool `help:"As serve --dev would take it."`
}

// Run implements the command.
func (c *checkCommand) Run(r *run) error {
	cfg, err := c.load(r, c.Dev)
	if err != nil {
		return err
	}
	if err := server.CheckCertificates(cfg); err != nil {
		return err
	}
	if err := server.CheckAPIKeys(cfg); err != nil {
		return err
	}
	return server.CheckKeys(cfg)
}

type printCommand struct {
	settings
	Dev bool `help:"As serve --dev would take it."`
}

// Run implements the command.
func (c *printCommand) Run(r *run) error {
	cfg, err := c.load(r, c.Dev)
	if err != nil {
		return err
	}
	return config.Print(r.stdout, cfg)
}
