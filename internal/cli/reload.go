package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"throng/internal/config"
	"throng/internal/server"
)

// reloading reads the configuration again at each signal until ctx ends. What is
// wrong with it is logged, and the server goes on with what it has.
func reloading(ctx context.Context, signals <-chan os.Signal, s *server.Server, log *slog.Logger, load func() (*config.Config, error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		c, err := load()
		if err == nil {
			err = s.Reload(c)
		}
		if err != nil {
			notReloaded(log, err)
		}
	}
}

func notReloaded(log *slog.Logger, err error) {
	const message = "configuration not reloaded; the old one stays in force"
	var wrong config.Errors
	var keys *server.AuthError
	switch {
	case errors.As(err, &wrong):
		for _, e := range wrong {
			log.Error(message, "error", e.Msg, "hint", e.Hint)
		}
	case errors.As(err, &keys):
		log.Error(message, "error", keys.Error(), "hint", keys.Hint)
	default:
		log.Error(message, "error", err)
	}
}
