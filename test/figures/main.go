//go:build linux

// Command figures makes the tables of docs/benchmarks: it starts servers, measures
// them with `throng bench`, and writes what was found as Markdown, JSON and pages.
//
//	figures [-out DIR] [-only floor,latency,isolation,curve,tokens,attendance,buffers,offer,claims,mission] [-users N] [-rounds N] [-curve N,N,…] [-servers N] [-throng FILE] [-floor FILE]
//
// floor compares throng with the floor (test/floor), a raw epoll server that does
// the same exchanges and nothing else, in turns within one run. latency measures how long
// messages are on their way, in the same manner. isolation measures
// what other channels notice of a message to everybody. curve measures
// throng at growing numbers of connections, with more servers and bench processes
// as one process can't hold them. tokens measures what a token adds to a connect, by
// algorithm. attendance measures what presence and visits cost. buffers (as root) compares two sets of socket
// buffer settings. offer measures how long an offer takes to a crowd of which a tenth does not
// read, and whether any is written after its deadline. claims measures users who all claim at once, over
// their sockets. mission measures what a crowd costs that watches, comes and goes, and claims
// what is offered, beside one that does nothing.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	var f figures
	var only, curve string
	flag.StringVar(&f.out, "out", "bin/bench", "`directory` to write to")
	flag.StringVar(&only, "only", "floor,isolation,curve", "what to measure")
	flag.IntVar(&f.users, "users", 15_000, "connections of the comparison with the floor")
	flag.IntVar(&f.rounds, "rounds", 2, "rounds of the comparison with the floor")
	flag.StringVar(&curve, "curve", "1000,15000", "numbers of connections of the curve")
	flag.IntVar(&f.servers, "servers", 1, "the least number of servers of the curve's last point")
	flag.StringVar(&f.throng, "throng", "", "the program; built if not given")
	flag.StringVar(&f.floor, "floor", "", "the program; built if not given")
	flag.Parse()
	if err := f.run(only, curve); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

// figures is one making of tables.
type figures struct {
	out           string
	users, rounds int
	servers       int
	throng, floor string   // programs
	cores         []string // a command that chooses the cores of a server; nil for all
	dir           string   // of temporary files
}

func (f *figures) run(only, curve string) error {
	dir, err := os.MkdirTemp("", "figures")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	f.dir = dir
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return err
	}
	if err := f.build(&f.throng, "./cmd/throng"); err != nil {
		return err
	}
	if err := f.build(&f.floor, "./test/floor"); err != nil {
		return err
	}
	for name := range strings.SplitSeq(only, ",") {
		switch name {
		case "floor":
			err = f.compare()
		case "latency":
			err = f.latency()
		case "curve":
			err = f.curve(curve)
		case "attendance":
			err = f.attendance()
		case "isolation":
			err = f.isolation()
		case "offer":
			err = f.offer()
		case "claims":
			err = f.claims()
		case "mission":
			err = f.mission()
		case "buffers":
			err = f.buffers()
		case "tokens":
			err = f.tokens()
		default:
			err = fmt.Errorf("there are floor, latency, isolation, curve, tokens, attendance, offer, claims, mission and buffers, not %q", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// build builds a command of the module, if no program was given.
func (f *figures) build(program *string, pkg string) (err error) {
	if *program != "" {
		*program, err = filepath.Abs(*program)
		return err
	}
	*program = filepath.Join(f.dir, filepath.Base(pkg))
	out, err := exec.Command("go", "build", "-o", *program, pkg).CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

func numbers(list string) (all []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a number of connections", text)
		}
		all = append(all, n)
	}
	return all, nil
}
