package phoenix_test

import (
	"bytes"
	"errors"
	"testing"

	"throng"
	"throng/internal/gateway/phoenix"
	codec "throng/internal/protocol/phoenix"
)

// FuzzSocket sends any sequence of messages, one a line; a first byte of 0 makes
// one binary, "T" and "C" alone are the timer and a capture. Whatever comes back
// must be frames and JSON; from version 128 on it goes without frames.
func FuzzSocket(f *testing.F) {
	for _, script := range scripts {
		var in []byte
		for line := range bytes.SplitSeq([]byte(script), []byte("\n")) {
			if message, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("> ")); ok {
				in = append(append(in, message...), '\n')
			}
		}
		f.Add(byte(2), in)
	}
	f.Add(byte(2), []byte("[1,1,\"hist:a\",\"phx_join\",{\"recover\":{}}]\n\x00\x01\x01\x06\x0112hist:ae\xff\nC\n[1,3,\"hist:a\",\"e\",{}]\nT"))
	f.Add(byte(2), []byte("[1,1,\"room:a\",\"phx_join\",{}]\n[1,2,\"room:a\",\"late\",{}]\n[1,3,\"room:a\",\"phx_leave\",{}]\n[4,4,\"room:a\",\"phx_join\",{}]\nC"))
	f.Add(byte(128), []byte("[1,1,\"room:a\",\"phx_join\",{}]\n\x00\x01\x01\x06\x0411room:aecho\xff\n[1,2,\"room:a\",\"new_msg_ack\",{}]"))
	f.Add(byte(2), []byte("[1,1,\"seen:a\",\"phx_join\",{}]\n[1,2,\"seen:a\",\"watch\",{\"visible\":false,\"playing\":null}]\nC\n[1,2,\"seen:a\",\"watch\",[]]"))
	f.Add(byte(1), []byte(`{"topic":"room:1","event":"phx_join","payload":{},"ref":"1"}`+"\nC"))
	b := newBench(f)
	f.Fuzz(func(t *testing.T, version byte, in []byte) {
		v := codec.V2
		if version&1 != 0 {
			v = codec.V1
		}
		w := &wire{t: t, version: v}
		if version >= 128 {
			w.carriage = phoenix.Text
		}
		fuzzSocket(t, b, w, in)
	})
}

func fuzzSocket(t *testing.T, b *bench, w *wire, in []byte) {
	s := b.gateway.Open(w, w.version, phoenix.Client{ID: throng.NewClientID(), Identity: &throng.Identity{User: "ann"}})
	for message := range bytes.SplitSeq(in, []byte("\n")) {
		if w.closed {
			break
		}
		switch {
		case string(message) == "T":
			s.Timer()
		case string(message) == "C":
			s = recapture(t, b, w, s)
		default:
			s.Receive(len(message) > 0 && message[0] == 0, bytes.Clone(message))
		}
		b.turn(s)
		w.queued /= 2
	}
	for _, answer := range b.asked {
		answer(phoenix.Answer{Broadcast: true, Status: "ok", Stop: len(in)%2 == 0})
	}
	b.asked = nil
	b.turn(s)
	if !w.closed {
		s = recapture(t, b, w, s)
		s.Shutdown()
	}
	s.Closed(nil)
	b.turn(s)
	if n := b.hub.Channels(); n != 0 {
		t.Fatalf("%d channels are left", n)
	}
}

// recapture puts the socket into another one.
func recapture(t *testing.T, b *bench, w *wire, s *phoenix.Socket) *phoenix.Socket {
	state, err := s.Capture()
	if errors.Is(err, phoenix.ErrUnderWay) {
		return s
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Closed(nil)
	open, err := b.gateway.Restore(state)
	if err != nil {
		t.Fatalf("%v: %s", err, state)
	}
	again := open(w)
	b.turn(again)
	return again
}

// FuzzRestore reads any state. What is accepted must work.
func FuzzRestore(f *testing.F) {
	f.Add([]byte(`{"version":2,"session":{"client":"00000000000000000000000000000001","class":0}}`))
	f.Add([]byte(`{"version":1,"session":{"user":"u","client":"00000000000000000000000000000001","class":9,"subs":[` +
		`{"channel":"hist:a","tag":"\"1\"","class":1,"wire_flags":5,"positioned":true,"position":{"offset":3,"epoch":"e"}},` +
		`{"channel":"room:a","tag":"7","class":4,"position":{"offset":0,"epoch":""}},` +
		`{"channel":"zz","class":9,"wire_flags":2,"position":{"offset":0,"epoch":""},"request":{"channel":"zz","token":{"ref":"9"},"wire_flags":2}}]}}`))
	b := newBench(f)
	f.Fuzz(func(t *testing.T, state []byte) {
		open, err := b.gateway.Restore(state)
		if err != nil {
			return
		}
		w := &wire{t: t, version: codec.V2}
		s := open(w)
		b.turn(s)
		for _, message := range []string{`["1","1","hist:a","e",{}]`, `[null,"2","hist:a","phx_leave",{}]`} {
			if !w.closed {
				s.Receive(false, []byte(message)) // closes where the version is 1
				b.turn(s)
			}
		}
		s.Closed(nil)
		b.turn(s)
		if n := b.hub.Channels(); n != 0 {
			t.Fatalf("%d channels are left", n)
		}
	})
}
