package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"throng/internal/config"
	"throng/internal/server"
)

type serveCommand struct {
	settings
	Dev bool `help:"Development mode: everybody may do everything. Never in production."`
}

// Run implements the command.
func (c *serveCommand) Run(r *run) error {
	cfg, err := c.load(r, c.Dev)
	if err != nil {
		return err
	}
	log := logger(r.stderr, cfg.Log)
	s, err := server.New(server.Options{Config: cfg, Log: log, Version: Version()})
	if err != nil {
		return err
	}
	return serve(s, log, func() (*config.Config, error) { return c.load(r, c.Dev) })
}

// serve runs a server until SIGINT or SIGTERM. A second signal ends the process
// without a drain. SIGHUP loads the configuration again.
func serve(s *server.Server, log *slog.Logger, load func() (*config.Config, error)) error {
	makeRoom(s)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	signals, ignore := hangups() // before the log says that the server is there
	defer ignore()
	go reloading(ctx, signals, s, log, load)
	return s.Run(ctx)
}

// pageURL is where a browser on this machine finds the first TCP listener.
func pageURL(addrs []net.Addr) string {
	for _, a := range addrs {
		if tcp, ok := a.(*net.TCPAddr); ok {
			host := tcp.IP.String()
			if tcp.IP.IsUnspecified() {
				host = "localhost"
			}
			return fmt.Sprintf("http://%s/", net.JoinHostPort(host, fmt.Sprint(tcp.Port)))
		}
	}
	return ""
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
