package proxies

import (
	"bufio"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"throng/test/process"
)

// onTCP starts a throng as haproxy.cfg and nginx.conf want it.
func onTCP(t *testing.T, binary string, args ...string) (*process.Server, backend) {
	t.Helper()
	s := process.Start(t, binary, "serve", append([]string{"--dev", "--set", "proxy.trusted=127.0.0.0/29"}, args...)...)
	return s, backend{s.Public(), s.Internal()}
}

// onSocket starts a throng as haproxy-tcp.cfg wants it.
func onSocket(t *testing.T, binary string, args ...string) (*process.Server, backend) {
	t.Helper()
	socket := filepath.Join(newFront(t).dir, "throng.sock")
	s := process.Start(t, binary, "serve", append([]string{"--dev", "--listen", "unix:" + socket,
		"--set", "proxy.trusted=unix", "--set", "proxy.protocol=true"}, args...)...)
	return s, backend{"unix@" + socket, s.Internal()}
}

// metric adds up all samples of a metric.
func metric(t *testing.T, s *process.Server, name string) (sum float64) {
	t.Helper()
	r, err := client().Get("http://" + s.Internal() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	found := false
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		series, value, _ := strings.Cut(lines.Text(), " ")
		if base, _, _ := strings.Cut(series, "{"); base != name {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		sum, found = sum+v, true
	}
	if !found {
		t.Fatalf("there is no metric %s", name)
	}
	return sum
}

// open is how many WebSockets throng has.
func open(t *testing.T, s *process.Server) float64 {
	t.Helper()
	return metric(t, s, "throng_upgrades_total") - metric(t, s, "throng_ended_total")
}
