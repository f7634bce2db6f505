//go:build unix && !linux

package server

// keepAliveTimes are the net package's business where it accepts.
func keepAliveTimes() []sockopt { return nil }
