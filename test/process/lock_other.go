//go:build !unix

package process

import "testing"

// lock has no lock to wait for: test one package at a time here.
func lock(testing.TB, string) (unlock func()) { return func() {} }
