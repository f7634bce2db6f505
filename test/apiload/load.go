package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// load asks in the same way on all connections for a time, and returns how many
// requests were answered.
func (s *server) load(w way, span time.Duration) (int64, error) {
	request := fmt.Appendf(nil, "POST /api/%s HTTP/1.1\r\nHost: %s\r\nX-API-Key: dev\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		w.method, s.addr, len(w.body), w.body)
	var requests atomic.Int64
	errs := make(chan error, w.conns)
	end := time.Now().Add(span)
	for range w.conns {
		go func() { errs <- s.ask(request, end, &requests) }()
	}
	var all error
	for range w.conns {
		all = errors.Join(all, <-errs)
	}
	return requests.Load(), all
}

// ask sends a request again as soon as it was answered.
func (s *server) ask(request []byte, end time.Time, requests *atomic.Int64) error {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	in := bufio.NewReaderSize(c, 1<<20)
	for time.Now().Before(end) {
		if _, err := c.Write(request); err != nil {
			return err
		}
		if err := answer(in); err != nil {
			return err
		}
		requests.Add(1)
	}
	return nil
}

// answer reads one answer, which must be a result.
func answer(in *bufio.Reader) error {
	length := -1
	for first := true; ; first = false {
		line, err := in.ReadString('\n')
		switch {
		case err != nil:
			return err
		case first && !strings.Contains(line, " 200 "):
			return fmt.Errorf("the server answers %q", line)
		case line == "\r\n" && length >= 0:
			body := make([]byte, length)
			if _, err := io.ReadFull(in, body); err != nil {
				return err
			}
			if bytes.Contains(body, []byte(`"error"`)) {
				return fmt.Errorf("the server answers %.200s", body)
			}
			return nil
		}
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		}
	}
}
