//go:build !linux

package million

import "time"

// Process is the time; the processor's share of it is not told here.
func Process() time.Duration { return time.Duration(time.Now().UnixNano()) }

// Thread is Process.
func Thread() time.Duration { return Process() }
