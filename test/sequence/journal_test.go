package sequence

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// event is one line of the log.
type event struct {
	t         int64
	kind      kind
	recovered recovered // of kindSub
	ch        int
	off       uint64
	ep        string
	id        ident
}

type kind uint8

const (
	kindPub kind = iota
	kindAck
	kindNack
	kindSub
	kindMsg
	kindEnd
	kindExpiring // the delivery of a publication that expires
	kindExpired  // the acknowledgement of one
)

type recovered uint8

const (
	first recovered = iota
	yes
	no
)

// log adds an event; one without a time is now.
func (c *client) log(e event) {
	if e.t == 0 {
		e.t = c.run.now()
	}
	c.events = append(c.events, e)
}

// stream is a channel within an epoch.
type stream struct {
	ch int
	ep string
}

// expiring are the publications that expire: by stream, sorted by offset.
type expiring map[stream][]event

func (r *run) expiring() expiring {
	x := make(expiring)
	for _, p := range r.inside {
		for _, e := range p.events {
			if e.kind == kindExpired {
				s := stream{e.ch, e.ep}
				x[s] = append(x[s], e)
			}
		}
	}
	for _, list := range x {
		slices.SortFunc(list, byOffset)
	}
	return x
}

func byOffset(a, b event) int {
	switch {
	case a.off < b.off:
		return -1
	case a.off > b.off:
		return 1
	}
	return 0
}

// rank is how many publications up to an offset don't expire.
func (x expiring) rank(ch int, ep string, off uint64) uint64 {
	n, found := slices.BinarySearchFunc(x[stream{ch, ep}], event{off: off}, byOffset)
	if found {
		n++
	}
	return off - uint64(n)
}

// total counts them.
func (x expiring) total() (n int) {
	for _, list := range x {
		n += len(list)
	}
	return n
}

// judge checks that a delivered one is what was published at its offset.
func (x expiring) judge(r *run) {
	for _, c := range r.clients {
		for _, e := range c.events {
			if e.kind != kindExpiring {
				continue
			}
			list := x[stream{e.ch, e.ep}]
			i, found := slices.BinarySearchFunc(list, e, byOffset)
			if !found || list[i].id != e.id {
				r.problem("%s: %s offset %d is not %s", c.name, r.channels[e.ch].name, e.off, e.id)
			}
		}
	}
}

// write writes the events of the channels that are wanted as seqcheck reads them.
func (r *run) write(t *testing.T, x expiring, want func(*channel) bool) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "log.jsonl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	line := func(name string, events []event) {
		for _, e := range events {
			if want(r.channels[e.ch]) {
				_, _ = w.Write(r.line(name, e, x))
			}
		}
	}
	for _, c := range r.clients {
		line(c.name, c.events)
	}
	for _, p := range r.inside {
		line("", p.events)
	}
	for _, p := range r.callers {
		line("", p.events)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// line is nil for what seqcheck is not to see.
func (r *run) line(client string, e event, x expiring) []byte {
	var b []byte
	ch, off := r.channels[e.ch].name, x.rank(e.ch, e.ep, e.off)
	switch e.kind {
	case kindPub:
		b = fmt.Appendf(b, `"k":"pub","ch":"%s","id":"%s"`, ch, e.id)
	case kindAck:
		b = fmt.Appendf(b, `"k":"ack","ch":"%s","id":"%s"`, ch, e.id)
		if e.ep != "" {
			b = fmt.Appendf(b, `,"off":%d,"ep":"%s"`, off, e.ep)
		}
	case kindNack:
		b = fmt.Appendf(b, `"k":"nack","sure":true,"ch":"%s","id":"%s"`, ch, e.id)
	case kindSub:
		rec := [...]string{first: "null", yes: "true", no: "false"}[e.recovered]
		b = fmt.Appendf(b, `"k":"sub","cl":"%s","ch":"%s","off":%d,"ep":"%s","rec":%s`, client, ch, off, e.ep, rec)
	case kindMsg:
		b = fmt.Appendf(b, `"k":"msg","cl":"%s","ch":"%s","off":%d,"ep":"%s","id":"%s"`, client, ch, off, e.ep, e.id)
	case kindEnd:
		b = fmt.Appendf(b, `"k":"end","cl":"%s","ch":"%s"`, client, ch)
	default:
		return nil
	}
	return fmt.Appendf(nil, "{\"t\":%d.%09d,%s}\n", e.t/1e9, e.t%1e9, b)
}

var honest = regexp.MustCompile(`RESULT PASS .*"honest_resyncs": (\d+)`)

// judgeLog has seqcheck judge a log, and returns the number of honest resyncs.
func judgeLog(t *testing.T, title, path string) (resyncs int) {
	t.Helper()
	out, err := exec.Command(python(t), seqcheck, path).CombinedOutput()
	t.Logf("%s: %s", title, out)
	found := honest.FindSubmatch(out)
	if err != nil || found == nil {
		t.Fatalf("%s: seqcheck.py did not pass: %v", title, err)
	}
	resyncs, _ = strconv.Atoi(string(found[1]))
	return resyncs
}
