//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// server is a process that is measured.
type server struct {
	cmd  *exec.Cmd
	addr string
}

// url is what Phoenix clients are given.
func (s *server) url() string { return "ws://" + s.addr + "/socket" }

func (s *server) stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed
}

func (f *figures) startFloor(loops int) (*server, error) {
	cmd := exec.Command(f.floor, "-loops", strconv.Itoa(loops))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("the floor named no address: %w", err)
	}
	s.addr = strings.TrimSpace(line)
	return s, nil
}

func (f *figures) startThrong(loops int, more ...string) (*server, error) {
	args := append(slices.Clone(f.cores), f.throng, "serve", "--dev", "--listen", "127.0.0.1:0", "--log-format", "json",
		"--set", fmt.Sprint("engine.loops=", loops))
	if !slices.Contains(more, "--internal") {
		args = append(args, "--internal", "")
	}
	args = append(args, more...)
	cmd := exec.Command(args[0], args[1:]...)
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd}
	lines := bufio.NewReader(log)
	for s.addr == "" {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			s.stop()
			return nil, fmt.Errorf("throng named no address: %w", err)
		}
		var entry struct{ Msg, Address, Listener string }
		if json.Unmarshal(line, &entry) == nil && entry.Msg == "listening" && entry.Listener == "public" {
			s.addr = entry.Address
		}
	}
	go func() { _, _ = io.Copy(os.Stderr, lines) }() // warnings
	return s, nil
}
