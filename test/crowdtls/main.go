// Command crowdtls is the client side of measurements at the front door: Phoenix
// connections in one process of its own, with or without TLS and compression, each
// on a goroutine. It costs more than test/crowd, which knows neither, so only the
// server's processor time is worth measuring beside it. It obeys lines on stdin and
// answers each with a line of JSON on stdout:
//
//	connect N        N connections that join CHANNEL          {"done":N,"seconds":S,"spoken":"TLS 1.3 …"}
//	heartbeat        one heartbeat on each, all answered      {"done":N,"seconds":S}
//	publish K        K messages pushed by the first client    {"done":N×K,"seconds":S}
//
// usage: crowdtls [-tls] [-classic] [-deflate] [-json] [-size BYTES] ADDR PATH CHANNEL
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	var s setup
	flag.BoolVar(&s.secure, "tls", false, "speak TLS 1.3, whoever the server says to be")
	flag.BoolVar(&s.classic, "classic", false, "agree on keys by X25519 alone, without ML-KEM")
	flag.BoolVar(&s.deflate, "deflate", false, "offer permessage-deflate, which the server must agree on")
	flag.BoolVar(&s.json, "json", false, "publish records in JSON instead of one letter many times")
	flag.IntVar(&s.size, "size", 64, "bytes of a message's payload")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: crowdtls [flags] ADDR PATH CHANNEL")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 3 {
		flag.Usage()
		os.Exit(2)
	}
	s.addr, s.path, s.channel = flag.Arg(0), flag.Arg(1), flag.Arg(2)
	if err := obey(newCrowd(s), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "crowdtls:", err)
		os.Exit(1)
	}
}

// answer is what a command comes to.
type answer struct {
	Done    int     `json:"done"`
	Seconds float64 `json:"seconds"`
	Spoken  string  `json:"spoken,omitempty"`
}

// obey runs commands until there are no more or one fails.
func obey(c *crowd, in io.Reader, out io.Writer) error {
	answers := json.NewEncoder(out)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		word, arg, _ := strings.Cut(lines.Text(), " ")
		n, _ := strconv.Atoi(arg)
		begin := time.Now()
		var a answer
		var err error
		switch word {
		case "connect":
			a.Spoken, err = c.connect(n)
			a.Done = n
		case "heartbeat":
			a.Done, err = c.heartbeat()
		case "publish":
			a.Done, err = c.publish(n)
		default:
			err = fmt.Errorf("unknown command %q", word)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", word, err)
		}
		a.Seconds = time.Since(begin).Seconds()
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}
