//go:build linux

package main

import (
	"bufio"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// scraped is what a server's metrics say of connections, deliveries and deadlines.
type scraped struct {
	at            time.Time
	seconds       float64   // since the other scrape
	deliveries    float64   // one for each subscriber
	told          float64   // what presence told whole channels
	bounds        []float64 // of the time from publish to write, in seconds
	counts        []float64 // up to each bound
	queued        float64
	connections   float64
	expired, late float64
}

func scrape(internal string) (m scraped, err error) {
	answer, err := http.Get(internal + "/metrics")
	if err != nil {
		return m, err
	}
	defer answer.Body.Close()
	m.at = time.Now()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		v, _ := strconv.ParseFloat(value, 64)
		switch {
		case strings.HasPrefix(name, "throng_publication_write_seconds_bucket"):
			le, _ := strconv.ParseFloat(strings.TrimSuffix(name[strings.Index(name, `"`)+1:], `"}`), 64)
			m.bounds, m.counts = append(m.bounds, le), append(m.counts, v)
		case strings.HasPrefix(name, "throng_publications_expired_total"):
			m.expired += v
		case name == "throng_deliveries_total":
			m.deliveries = v
		case strings.HasPrefix(name, `throng_presence_messages_total{kind="count"`), strings.HasPrefix(name, `throng_presence_messages_total{kind="diff"`):
			m.told += v
		case name == "throng_publications_late_total":
			m.late = v
		case name == "throng_connections":
			m.connections = v
		case name == "throng_queue_bytes":
			m.queued = v
		}
	}
	return m, lines.Err()
}

// since is what happened since another scrape of the same server.
func (m scraped) since(before scraped) scraped {
	for i := range m.counts {
		m.counts[i] -= before.counts[i]
	}
	m.seconds = m.at.Sub(before.at).Seconds()
	m.deliveries, m.told = m.deliveries-before.deliveries, m.told-before.told
	m.expired, m.late = m.expired-before.expired, m.late-before.late
	return m
}

// quantile is in milliseconds, evenly within a bucket.
func (m scraped) quantile(q float64) float64 {
	if len(m.counts) == 0 || m.counts[len(m.counts)-1] == 0 {
		return math.NaN()
	}
	want, lower, below := q*m.counts[len(m.counts)-1], 0.0, 0.0
	for i, n := range m.counts {
		if n >= want && !math.IsInf(m.bounds[i], 1) {
			return 1000 * (lower + (m.bounds[i]-lower)*(want-below)/(n-below))
		}
		lower, below = m.bounds[i], n
	}
	return math.Inf(1)
}
