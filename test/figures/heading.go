//go:build linux

package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"throng/internal/bench/usage"
)

// heading says what was measured, where and when.
func heading(title string) string {
	m := usage.Machine()
	return fmt.Sprintf("# %s\n\n%s, %s, %d cores, %.0f GiB, %s, client on the same machine, %s.\n", title,
		strings.ToUpper(m.System[:1])+m.System[1:], m.CPU, m.Cores, float64(m.Memory)/(1<<30), runtime.Version(), time.Now().Format(time.DateOnly))
}
