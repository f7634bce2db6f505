// Package transcript reads recorded exchanges between a Phoenix client and a real
// Phoenix server, the golden files in ../testdata. A file is a sequence of
// exchanges:
//
//	## name ?query
//	UP 101 {"sec-websocket-protocol":"phoenix", …}
//	> text frame of the client
//	< text frame of the server
//	> BIN 00010106…
//	CLOSE 1000
//
// A refused one has the line `HTTP 403 "body"` in place of all that. An exchange
// is over with CLOSE or HTTP; what follows up to the next heading are notes of
// the recorder and is skipped, as is what precedes the first one.
package transcript

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Exchange is what happened on one connection.
type Exchange struct {
	Name string
	// Query is the request's raw query, without the question mark.
	Query string
	// Status is 101, or the status of the refusal.
	Status int
	// Protocol is the subprotocol that the server chose.
	Protocol string
	// Lines are the frames in the order in which the client saw them.
	Lines []Line
	// ClientError is why the client gave up by itself; empty if it didn't.
	ClientError string
	// CloseCode is what the client's close event reported, 1006 for none on the
	// wire; 0 if there was no connection.
	CloseCode int
}

// Line is one frame.
type Line struct {
	Dir    byte // '>' to the server, '<' from it
	Binary bool
	Data   []byte
}

// maxLine bounds a line of a file; the longest recorded one has about 300 bytes.
const maxLine = 1 << 20

// Parse reads a whole file.
func Parse(r io.Reader) ([]Exchange, error) {
	var p parser
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxLine)
	for n := 1; sc.Scan(); n++ {
		if err := p.line(sc.Text()); err != nil {
			return nil, fmt.Errorf("transcript: line %d: %w", n, err)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("transcript: %w", err)
	}
	if p.open {
		return nil, fmt.Errorf("transcript: exchange %q has no end", p.last().Name)
	}
	return p.all, nil
}

type parser struct {
	all  []Exchange
	open bool // the last exchange has not ended yet
}

func (p *parser) last() *Exchange { return &p.all[len(p.all)-1] }

func (p *parser) line(s string) error {
	word, rest, _ := strings.Cut(s, " ")
	switch {
	case word == "##":
		if p.open {
			return fmt.Errorf("exchange %q has no end", p.last().Name)
		}
		p.all = append(p.all, heading(rest))
		p.open = true
		return nil
	case !p.open, s == "":
		return nil
	}
	return p.step(word, rest)
}

// step takes a line of an open exchange.
func (p *parser) step(word, rest string) (err error) {
	x := p.last()
	switch word {
	case "UP":
		return x.upgrade(rest)
	case ">", "<":
		var l Line
		if l, err = frame(word[0], rest); err == nil {
			x.Lines = append(x.Lines, l)
		}
		return err
	case "ERR":
		x.ClientError = rest
		return nil
	case "HTTP":
		p.open = false
		status, _, _ := strings.Cut(rest, " ")
		x.Status, err = strconv.Atoi(status)
		return err
	case "CLOSE":
		p.open = false
		x.CloseCode, err = strconv.Atoi(strings.TrimSpace(rest))
		return err
	}
	return fmt.Errorf("unknown line %q", word)
}

// heading splits "name ?query"; without a query it may end in a space.
func heading(s string) Exchange {
	name, query, ok := strings.Cut(s, " ?")
	if !ok {
		name = strings.TrimSpace(name)
	}
	return Exchange{Name: name, Query: query}
}

func (x *Exchange) upgrade(s string) error {
	status, header, _ := strings.Cut(s, " ")
	var err error
	if x.Status, err = strconv.Atoi(status); err != nil {
		return err
	}
	var h struct {
		Protocol string `json:"sec-websocket-protocol"`
	}
	err = json.Unmarshal([]byte(header), &h)
	x.Protocol = h.Protocol
	return err
}

func frame(dir byte, s string) (Line, error) {
	digits, ok := strings.CutPrefix(s, "BIN ")
	if !ok {
		return Line{Dir: dir, Data: []byte(s)}, nil
	}
	data, err := hex.DecodeString(digits)
	return Line{Dir: dir, Binary: true, Data: data}, err
}
