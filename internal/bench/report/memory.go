package report

// slack is how long after a phase its last sample may come, in seconds.
const slack = 0.5

// Memory returns by how many bytes the server grew for each connection, from
// the first sample to the last one of the phase; NaN if that was not measured.
// The first sample should be from before the first connection: when most
// connections were open by then, their share can't be told from the rest.
// Bytes and connections are of the same sample, because connections may come by
// the thousand between a sample and the end of the phase.
func (r *Report) Memory(p *Phase) float64 {
	if len(r.Samples) == 0 {
		return unknown
	}
	last := r.sampleAt(p.Start, p.Start+p.Seconds+slack)
	if last == nil {
		return unknown
	}
	return growth(&r.Samples[0], last)
}

// growth divides what memory grew between two samples among the connections
// that came.
func growth(first, last *Sample) float64 {
	if first.Server == nil || last.Server == nil {
		return unknown
	}
	came := float64(last.Open) - float64(first.Open)
	if came <= 0 || came < float64(last.Open)/2 {
		return unknown
	}
	return (float64(last.Server.RSS) - float64(first.Server.RSS)) / came
}

// sampleAt returns the last sample within a time.
func (r *Report) sampleAt(after, until float64) *Sample {
	for i := len(r.Samples) - 1; i >= 0; i-- {
		if s := &r.Samples[i]; s.At > after && s.At <= until {
			return s
		}
	}
	return nil
}
