package load

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// happens is what is measured of a step that pushes an event or awaits one.
type happens struct {
	step *scenario.Step
	data scenario.Data
	took *report.Histogram // push: to the answer; await: since it was sent
	said map[string]int64  // what answers said → how often
	from int64             // when the first was pushed; 0: none yet
	to   int64             // when the last was answered
}

// measures makes what is measured of a step, nil for one that has nothing to do with
// events.
func measures(step *scenario.Step) (*happens, error) {
	if step.Do != scenario.Push && step.Do != scenario.Await {
		return nil, nil
	}
	d, err := scenario.ParseData(step.Data)
	h := &happens{step: step, data: d}
	h.forget()
	return h, err
}

// forget begins a phase. What was told of the last one is read while clients go on.
func (h *happens) forget() {
	h.took, h.said, h.from, h.to = report.NewHistogram(), map[string]int64{}, 0, 0
}

// pushed notes that an event goes out.
func (h *happens) pushed(now int64) {
	if h.from == 0 {
		h.from = now
	}
}

// answered notes an answer and what it said.
func (h *happens) answered(said string, took time.Duration, at int64) {
	h.took.Record(took)
	h.to = max(h.to, at)
	if _, known := h.said[said]; !known && len(h.said) >= maxReasons {
		said = "other"
	}
	h.said[said]++
}

// add adds what was measured to what is told of a phase.
func (h *happens) add(p *Part) {
	if h.took.Count() > 0 {
		name := report.AnswerTo(h.step.Event)
		if h.step.Do == scenario.Await {
			name = report.EventOf(h.step.Event)
		}
		if p.Latencies[name] == nil {
			p.Latencies[name] = report.NewHistogram()
		}
		p.Latencies[name].Merge(h.took)
	}
	if h.from == 0 {
		return
	}
	all, known := p.Answers[h.step.Event]
	if !known {
		all = Answers{From: h.from, Said: map[string]int64{}}
	}
	for said, n := range h.said {
		all.Said[said] += n
	}
	all.From, all.To = min(all.From, h.from), max(all.To, h.to)
	p.Answers[h.step.Event] = all
}

// events are what is measured of all steps.
func (w *Worker) events() (all []*happens) {
	for i := range w.groups {
		for _, s := range w.groups[i].scripts {
			for _, h := range s.happens {
				if h != nil {
					all = append(all, h)
				}
			}
		}
	}
	return all
}

// notice is what an event held. All that awaited it share one.
type notice struct {
	payload []byte
	members map[string]json.RawMessage // nil until somebody asks
}

// notice makes a payload one that stays. What all subscribers of a channel get comes
// as often as there are, so the last one is kept.
func (w *Worker) notice(payload []byte) *notice {
	if w.noticed == nil || !bytes.Equal(w.noticed.payload, payload) {
		w.noticed = &notice{payload: bytes.Clone(payload)}
	}
	return w.noticed
}

// member returns a member of the event, a string without its quotes.
func (n *notice) member(name string) (string, bool) {
	if n == nil {
		return "", false
	}
	if n.members == nil {
		n.members = map[string]json.RawMessage{}
		_ = json.Unmarshal(n.payload, &n.members) // what is no object has no members
	}
	v, ok := n.members[name]
	if len(v) >= 2 && v[0] == '"' {
		v = v[1 : len(v)-1]
	}
	return string(v), ok
}

// sent is when a member says that the event was, in nanoseconds; 0 if it does not.
func (n *notice) sent(member string) int64 {
	if member == "" {
		return 0
	}
	text, _ := n.member(member)
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms < 0 || ms > 1<<62/int64(time.Millisecond) {
		return 0
	}
	return ms * int64(time.Millisecond)
}

// said is what the response of an answer says in a member.
func said(payload []byte, member string) (string, bool) {
	if member == "" {
		return "", false
	}
	var answer struct {
		Response map[string]json.RawMessage `json:"response"`
	}
	if json.Unmarshal(payload, &answer) != nil {
		return "", false
	}
	v, ok := answer.Response[member]
	var text string
	if json.Unmarshal(v, &text) != nil {
		text = string(v)
	}
	return text[:min(len(text), maxSaid)], ok
}

// maxSaid is how much of what an answer says is told apart.
const maxSaid = 60
