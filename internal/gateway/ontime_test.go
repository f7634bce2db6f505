package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/loop"
)

// late is a gateway whose goroutines come late to what their loops gave them.
func late(t *testing.T) (g *Gateway, frames []loop.Frame) {
	clock := throng.NewClock()
	engine, err := loop.New(loop.Options{Kind: loop.Goroutine, Loops: 1, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	g = &Gateway{opts: Options{Engine: engine, Clock: clock}}
	answer := []byte("answer")
	for i, ttl := range []int64{0, 100, 3_600_000, 100} {
		f := loop.Frame{B: []byte{byte('0' + i)}, Class: 1}
		if ttl > 0 {
			f.Timing.ExpiresAt = clock.Now() + ttl
		}
		frames = append(frames, f)
	}
	frames = append(frames, loop.Frame{B: answer})
	if at := earliest(frames); at != clock.Now()+100 {
		t.Errorf("earliest is %d", at)
	}
	frames = lasting(frames)
	copy(answer, "######") // the loop's memory
	return g, frames
}

// A poll's answer that its goroutine writes late has lost what must not be written.
func TestLongPollAnswerLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, frames := late(t)
		l := &LongPoll{gw: g, opts: LongPollOptions{MaxAnswer: 1 << 10}}
		body, _ := appendPollBody(nil, statusOK, sessionToken{}.String(), frames, 1<<10)
		a := answer{status: statusOK, body: &body, until: earliest(frames), frames: frames}
		whole := string(body)
		if l.onTime(sessionToken{}, &a); string(*a.body) != whole {
			t.Errorf("in time: %s", *a.body)
		}
		time.Sleep(100 * time.Millisecond)
		if l.onTime(sessionToken{}, &a); !strings.HasSuffix(string(*a.body), `"messages":["0","2","answer"]}`) {
			t.Errorf("late: %s", *a.body)
		}
		if n := g.opts.Engine.Stats(0).Expired.Load(); n != 2 {
			t.Errorf("%d counted as expired", n)
		}
	})
}

// So has a stream's chunk.
func TestFlowChunkLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, frames := late(t)
		f := &flow{at: &feed{gw: g}}
		time.Sleep(100 * time.Millisecond)
		w := httptest.NewRecorder()
		if err := f.put(w, http.NewResponseController(w), throng.Ref{}, chunk{frames: frames}); err != nil || w.Body.String() != "02answer" {
			t.Errorf("%q, %v", w.Body, err)
		}
	})
}

// A poll's answer over HTTP/2 that comes too late is none: the client asks again.
func TestFlowAnswerLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := late(t)
		f := &flow{at: &feed{gw: g}, asking: &asking{}}
		k := chunk{status: 200, b: []byte("answer"), until: g.opts.Clock.Now() + 100}
		for _, want := range []int{200, 429} {
			w := httptest.NewRecorder()
			if f.answer(w, k); w.Code != want || strings.Contains(w.Body.String(), "answer") != (want == 200) {
				t.Errorf("%d %s, want %d", w.Code, w.Body, want)
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// FuzzFrames: what is accepted is what is written.
func FuzzFrames(f *testing.F) {
	f.Add(appendFrames(nil, []loop.Frame{
		{B: []byte("answer")},
		{B: []byte("bulk"), Class: 7, Timing: throng.Timing{ExpiresAt: 1764172800123}},
		{B: []byte("urgent"), Class: 1<<32 - 1, Timing: throng.Timing{Urgent: true}},
	}))
	f.Add([]byte{1, 0, 0, 'x'})
	f.Add([]byte{1, 5, 0, 'x'})    // an answer with a deadline
	f.Add([]byte{0, 0, 2})         // nothing
	f.Add([]byte{0x81, 0, 0, 2})   // not minimal
	f.Add([]byte{9, 0, 2, 'x'})    // cut
	f.Add([]byte{1, 0, 1, 'x'})    // an urgent answer
	f.Add([]byte{1, 0, 0x80, 'x'}) // no number
	f.Fuzz(func(t *testing.T, b []byte) {
		frames, ok := decodeFrames(b)
		if !ok {
			return
		}
		if again := appendFrames(nil, frames); string(again) != string(b) {
			t.Errorf("%x became %x", b, again)
		}
	})
}
