package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker (see the Makefile) and by nothing else.
var version string

type versionCommand struct{}

// Run implements the command.
func (versionCommand) Run(r *run) error {
	_, err := fmt.Fprintf(r.stdout, "throng %s %s %s/%s\n", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// Version returns the version that the binary was built from, "(devel)" when
// nobody said.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
