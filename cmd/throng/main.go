// Command throng is the server and its tools.
package main

import (
	"os"

	"throng/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
