//go:build !linux

package bench_test

import "errors"

func limit() error { return errors.ErrUnsupported }
