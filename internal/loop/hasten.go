package loop

// share is how the room ahead of bulk is shared: of so many urgent publications that
// found bulk waiting, one lets the first of it pass.
const share = 8

// hasten moves the last segment, an urgent publication, ahead of what waits of other
// classes and is not urgent. It takes what waits of its own class with it, so that no
// channel changes its order, and it passes no reply: some say what the publications
// around them mean. What is partly written is ended first.
func (q *queue) hasten() {
	last, floor := len(q.segs)-1, q.head
	if q.sent > 0 {
		floor++
	}
	from := last
	for from > floor && q.segs[from-1].bulk() {
		from--
	}
	if from == last {
		return
	}
	if q.ahead++; q.ahead%share == 0 {
		from++
	}
	class := q.segs[last].class
	var room [8]segment
	own, to := room[:0], last
	for i := last; i >= from; i-- {
		if s := q.segs[i]; s.class == class {
			own = append(own, s)
		} else {
			q.segs[to] = s
			to--
		}
	}
	for _, s := range own { // the last one first
		q.segs[to] = s
		to--
	}
}
