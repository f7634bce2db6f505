package doctor

// Verdict is what the doctor thinks of a figure.
type Verdict string

// The verdicts. Low would do for fewer connections, wrong for none.
const (
	OK      Verdict = "ok"
	Unknown Verdict = "unknown"
	Low     Verdict = "low"
	Wrong   Verdict = "wrong"
)

// Check is one thing that was looked at. The names of the JSON fields are stable.
type Check struct {
	Name    string  `json:"check"`
	Where   string  `json:"where,omitempty"` // file:line
	Is      string  `json:"is"`
	Needs   string  `json:"needs"`
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why"`
	// Allows is how many connections this lets a server hold; 0: it sets no
	// such bound, or it is not known.
	Allows int64 `json:"allows,omitempty"`

	mend []mend
}

// Failed says whether something has to be done.
func (c *Check) Failed() bool { return c.Verdict == Low || c.Verdict == Wrong }

// Report is what an examination found.
type Report struct {
	Target  int64  `json:"target"`
	System  string `json:"system"`
	Process string `json:"process"`
	// Verdict is the worst of all checks.
	Verdict Verdict `json:"verdict"`
	// Allows is how many connections fit through the narrowest check; 0 where
	// none is known.
	Allows int64    `json:"allows,omitempty"`
	Checks []Check  `json:"checks"`
	Memory Memory   `json:"memory"`
	Mend   []Remedy `json:"mend"`

	own bool // the limits are those of the doctor itself
}

func (r *Report) finish(checks []Check) {
	rank := map[Verdict]int{OK: 0, Unknown: 1, Low: 2, Wrong: 3}
	r.Checks, r.Verdict = checks, OK
	for i := range checks {
		c := &checks[i]
		if rank[c.Verdict] > rank[r.Verdict] {
			r.Verdict = c.Verdict
		}
		if c.Allows > 0 && (r.Allows == 0 || c.Allows < r.Allows) {
			r.Allows = c.Allows
		}
	}
	r.Mend = remedies(checks)
}

// Failed are the checks that have to be mended.
func (r *Report) Failed() (failed []Check) {
	for _, c := range r.Checks {
		if c.Failed() {
			failed = append(failed, c)
		}
	}
	return failed
}

// judge is ok where is reaches needs, low otherwise.
func judge(is, needs int64) Verdict {
	if is < needs {
		return Low
	}
	return OK
}

// unread is the check of what could not be read.
func unread(name string, err error) Check {
	return Check{Name: name, Is: "?", Needs: "-", Verdict: Unknown, Why: err.Error()}
}
