package cli

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"syscall"

	"throng/internal/config"
	"throng/internal/server"
)

// explain writes what went wrong and what to do about it, and returns the exit
// code.
func explain(w io.Writer, err error) int {
	var wrong config.Errors
	if errors.As(err, &wrong) {
		for _, e := range wrong {
			complain(w, e.Msg, e.Hint)
		}
		return exitUsage
	}
	var misuse *useError
	if errors.As(err, &misuse) {
		complain(w, misuse.Error(), misuse.hint)
		return exitUsage
	}
	var better *hinted
	if errors.As(err, &better) {
		complain(w, better.Error(), better.hint)
		return exitFailure
	}
	var bad *server.CertificateError
	if errors.As(err, &bad) {
		complain(w, bad.Error(), bad.Hint)
		return exitFailure
	}
	var asked *askError
	if errors.As(err, &asked) {
		complain(w, asked.msg, asked.hint)
		return exitFailure
	}
	var keys *server.AuthError
	if errors.As(err, &keys) {
		complain(w, keys.Error(), keys.Hint)
		return exitFailure
	}
	complain(w, err.Error(), hintFor(err))
	return exitFailure
}

const hintInUse = "another process listens there: stop it, or choose another address with --listen or --internal"

// hintFor knows the ways in which listening fails.
func hintFor(err error) string {
	var op *net.OpError
	unix := errors.As(err, &op) && op.Net == "unix"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return hintInUse
	case errors.Is(err, server.ErrNoRing):
		return "kernel.io_uring_disabled or a container's seccomp profile forbids it, or ulimit -l is small on an old kernel (docs/operation.md): let engine.kind be auto, and it is used where there is one"
	case errors.Is(err, server.ErrDescriptorLimit):
		return "raise it (ulimit -n, LimitNOFILE=), or lower engine.max_connections; throng doctor says how"
	case errors.Is(err, errUnfit):
		return "what mends it stands at the end of the report; docs/doctor.md explains the checks"
	case errors.Is(err, errNotAccepted):
		return "the verdict says why; docs/auth.md explains claims and keys"
	case op == nil:
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "no interface of this machine has that address; leave the host out to listen on all"
	case errors.Is(err, fs.ErrPermission) && unix:
		return "choose a path in a directory that this user may write to"
	case errors.Is(err, fs.ErrPermission):
		return "ports below 1024 need root or the capability CAP_NET_BIND_SERVICE"
	case errors.Is(err, fs.ErrNotExist) && unix:
		return "create the directory first"
	}
	return ""
}

// hinted is an error with a better hint than its kind has.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

// useError is a command line that asks for what can't be.
type useError struct {
	error
	hint string
}

func wrongUse(err error, hint string) error { return &useError{err, hint} }
