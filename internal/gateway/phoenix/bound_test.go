package phoenix_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/config"
	"throng/internal/gateway/gatewaytest"
)

// metric reads a value from a server's metrics.
func metric(t *testing.T, s *gatewaytest.Server, name string) float64 {
	t.Helper()
	r, err := http.Get("http://" + s.Internal().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindSubmatch(body)
	if m == nil {
		t.Fatalf("no metric %s", name)
	}
	v, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A client that is behind what was given up for want of memory is told, one that is
// not gets everything.
func TestHistoryOverItsBound(t *testing.T) {
	o := options("auto", nil, map[string]*throng.Namespace{"hist": history(1000)})
	o.Config.Internal = "127.0.0.1:0"
	o.Config.History.MaxBytes = 256 * config.KiB
	s := gatewaytest.Start(t, o)
	first := publish(t, s, "hist:0", numbered(0))
	for i := range 3000 {
		publish(t, s, fmt.Sprint("hist:", i%10), &throng.Publication{Data: []byte(`"` + strings.Repeat("x", 200) + `"`)})
	}
	last := publish(t, s, "hist:0", numbered(1))
	limit, gone := metric(t, s, "throng_broker_bytes_limit"), metric(t, s, `throng_broker_evicted_total{kind="publication"}`)
	if held := metric(t, s, "throng_broker_bytes"); limit != 256<<10 || held > limit || held < limit/2 || gone < 1000 {
		t.Errorf("%g of %g bytes are held, %g publications are gone", held, limit, gone)
	}
	since := func(at uint64) recovered {
		c := gatewaytest.Connect(t, s.Addr(), target)
		defer c.Bye()
		return joinWith(t, c, "hist:0", fmt.Sprintf(`{"offset":%d,"epoch":%q}`, at, last.Epoch))
	}
	if r := since(first.Offset); r.Recovered || len(r.Publications) != 0 || r.Epoch != last.Epoch || r.Offset != last.Offset {
		t.Errorf("from the beginning: %+v", r)
	}
	if r := since(last.Offset - 1); !r.Recovered || len(r.Publications) != 1 {
		t.Errorf("from the last but one: %+v", r)
	}
}

// A server checks positions, and who is where the channel is hears nothing of it.
func TestPositionsAreChecked(t *testing.T) {
	o := options("auto", nil, map[string]*throng.Namespace{"hist": history(5)})
	o.Config.Internal = "127.0.0.1:0"
	o.Config.History.PositionCheck = 250 * time.Millisecond
	s := gatewaytest.Start(t, o)
	c := gatewaytest.Connect(t, s.Addr(), target)
	joinWith(t, c, "hist:r", `{}`)
	sent := 0
	for end := time.Now().Add(20 * time.Second); metric(t, s, `throng_position_checks_total{outcome="done"}`) < 4; {
		if time.Now().After(end) {
			t.Fatal("positions are not checked")
		}
		sent++
		publish(t, s, "hist:r", numbered(sent))
		time.Sleep(10 * time.Millisecond)
	}
	for i := 1; i <= sent; i++ {
		play(t, c, fmt.Sprintf(`< [null,%d,"hist:r","n",%d]`, i, i))
	}
	if n := metric(t, s, "throng_position_behind_total"); n != 0 {
		t.Errorf("%g were behind", n)
	}
}
