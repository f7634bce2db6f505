package bench

import (
	"time"

	"throng/internal/bench/load"
	"throng/internal/bench/report"
	"throng/internal/bench/usage"
)

// meters read what the server, the bench and the machine use.
type meters struct {
	pids  []int
	read0 time.Time    // of the last sample
	used0 report.Usage // by the server then
	self0 float64      // CPU by all of the bench then
	parts report.Usage // by the members at the end of the last phase
	shown report.Sample
}

// mark is a reading at the begin of a phase.
type mark struct {
	server report.Usage
	bench  float64
	spare  usage.Spare
}

func (m *meters) begin(pids []int) {
	m.pids = pids
	m.read0, m.used0 = time.Now(), usage.Sum(pids)
	m.self0 = usage.Self().CPU
}

// first is the sample of the beginning, from which memory is counted.
func (m *meters) first(c crew) report.Sample {
	s := report.Sample{Bench: report.Usage{RSS: usage.Self().RSS}}
	for _, one := range c {
		s.Bench.RSS += one.used.RSS
	}
	if len(m.pids) > 0 {
		s.Server = &report.Usage{RSS: m.used0.RSS}
	}
	return s
}

// read fills a sample in. Readings are not exactly a second apart, so they are
// brought to one.
func (m *meters) read(s *report.Sample, members []*load.Sample) {
	now := time.Now()
	passed := now.Sub(m.read0).Seconds()
	if passed < shortest { // two seconds that were heard of at once: they had the same
		s.Bench, s.Server = m.shown.Bench, m.shown.Server
		return
	}
	self := usage.Self()
	cpu, rss := self.CPU, self.RSS
	for _, one := range members {
		cpu += one.Usage.CPU
		rss += one.Usage.RSS
	}
	s.Bench = report.Usage{CPU: (cpu - m.self0) / passed, RSS: rss}
	if len(m.pids) > 0 {
		u := usage.Sum(m.pids)
		s.Server = &report.Usage{CPU: (u.CPU - m.used0.CPU) / passed, RSS: u.RSS}
		m.used0 = u
	}
	m.self0, m.read0, m.shown = cpu, now, *s
}

// shortest is how far apart readings must be to tell anything of a second.
const shortest = 0.2

func (m *meters) mark() mark {
	return mark{server: usage.Sum(m.pids), bench: usage.Self().CPU + m.parts.CPU, spare: usage.Idle()}
}

// since fills in what was used since a mark. parts is what the members have used
// until now.
func (m *meters) since(before mark, p *report.Phase, parts report.Usage) {
	self := usage.Self()
	p.Bench = report.Usage{CPU: self.CPU + parts.CPU - before.bench, RSS: self.RSS + parts.RSS}
	m.parts = parts
	p.Idle = usage.Idle().Since(before.spare)
	if len(m.pids) > 0 {
		u := usage.Sum(m.pids)
		p.Server = &report.Usage{CPU: u.CPU - before.server.CPU, RSS: u.RSS}
	}
}
