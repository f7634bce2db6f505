//go:build !linux

package usage

import (
	"runtime"

	"throng/internal/bench/report"
)

// Of tells nothing on this system.
func Of(int) (u report.Usage, ok bool) { return u, false }

// Self tells nothing on this system.
func Self() (u report.Usage) { return u }

// Idle tells nothing on this system.
func Idle() (s Spare) { return s }

// Machine describes this machine.
func Machine() report.Machine {
	return report.Machine{System: runtime.GOOS, CPU: runtime.GOARCH, Cores: runtime.NumCPU()}
}
