//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// detach lets a process not hear the terminal's ^C: who leads it ends it.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
