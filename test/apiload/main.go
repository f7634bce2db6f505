// Command apiload measures the server API over HTTP: publishes in a second and the
// server's processor time for each, one by one, in batches and in broadcasts, with
// kept-alive connections.
//
//	go build -o bin/throng ./cmd/throng && go run ./test/apiload -throng bin/throng
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	binary := flag.String("throng", "bin/throng", "the built server")
	conns := flag.Int("connections", 16, "connections that ask at once")
	span := flag.Duration("span", 5*time.Second, "how long each way is measured")
	flag.Parse()
	if err := measure(*binary, *conns, *span); err != nil {
		fmt.Fprintln(os.Stderr, "apiload:", err)
		os.Exit(1)
	}
}

// way is how publications get to the server.
type way struct {
	name   string
	conns  int
	method string
	body   string
	each   int // publications in a request
}

func ways(conns int) []way {
	data := fmt.Sprintf(`"data":{"text":%q}`, strings.Repeat("x", 64))
	one := func(i int) string { return fmt.Sprintf(`{"channel":"room:%d",%s}`, i, data) }
	var commands, channels []string
	for i := range 100 {
		commands = append(commands, `{"publish":`+one(i)+`}`)
	}
	for i := range 1000 {
		channels = append(channels, fmt.Sprintf(`"room:%d"`, i))
	}
	batch := `{"parallel":true,"commands":[` + strings.Join(commands, ",") + `]}`
	broadcast := `{"channels":[` + strings.Join(channels, ",") + `],` + data + `}`
	return []way{
		{"one by one", 1, "publish", one(0), 1},
		{"one by one", conns, "publish", one(0), 1},
		{"one by one, with history", conns, "publish", strings.Replace(one(0), "room:", "hist:", 1), 1},
		{"in batches of 100", conns, "batch", batch, 100},
		{"broadcast to 1,000 channels", conns, "broadcast", broadcast, 1000},
	}
}

func measure(binary string, conns int, span time.Duration) error {
	s, err := start(binary)
	if err != nil {
		return err
	}
	defer s.stop()
	fmt.Println("| publishes | connections | publishes/s | requests/s | server CPU, µs per publish |\n|---|---|---|---|---|")
	for _, w := range ways(conns) {
		if _, err := s.load(w, span/5); err != nil { // warm
			return err
		}
		before := s.cpu()
		began := time.Now()
		requests, err := s.load(w, span)
		if err != nil {
			return err
		}
		took, used := time.Since(began), s.cpu()-before
		n := float64(requests) * float64(w.each)
		fmt.Printf("| %s | %d | %.0f | %.0f | %.2f |\n", w.name, w.conns, n/took.Seconds(),
			float64(requests)/took.Seconds(), float64(used.Nanoseconds())/1000/n)
	}
	return nil
}
