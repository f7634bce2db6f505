package scenario

import (
	"fmt"
	"time"
)

// The channel that everybody watches, and the events of throng's that the mission is
// made of (docs/visits.md, docs/bonuses.md).
const (
	stream     = "mission:all"
	watchEvent = "watch"
	offerEvent = "bonus_offer"
	claimEvent = "bonus_claim"
	inFront    = `{"visible":true,"playing":true}`
	behind     = `{"visible":false,"playing":true}`
	passersOf  = 3  // one of so many users comes and goes
	claimersOf = 10 // one of so many claims what is offered
	passEvery  = 40 * time.Second
	watchRate  = 3000 // first words a second
)

// mission is what throng is made for: a crowd that watches a stream, of whom some come
// and go and some claim what is offered. Who goes is away for about 20 s, longer than
// a store takes for a reload of the page, so that each is a visit of its own.
func mission(o *Options) *Scenario {
	n := or(o.Users, 1000)
	claimers, passers := max(1, n/claimersOf), n/passersOf
	watch := Step{Do: Push, Channel: stream, Event: watchEvent, Data: inFront}
	first := Script{Phase: "watch", Every: Duration(pace(n, watchRate)), Times: 1, Steps: []Step{watch}}
	offer := Step{Do: Await, Channel: stream, Event: offerEvent, Since: "time"}
	script := func(steps ...Step) Script { return Script{Phase: "mission", Steps: steps} }
	away := watch
	away.Data = behind
	turn := script(Step{Do: Think, For: Span{20 * time.Second, time.Minute}}, away, Step{Do: Think, For: Span{time.Second, 10 * time.Second}}, watch)
	pass := script(Step{Do: Disconnect}, Step{Do: Think, For: Span{15 * time.Second, 25 * time.Second}}, Step{Do: Connect}, watch)
	pass.Every = Duration(passEvery)
	claim := script(offer, Step{Do: Think, For: Span{300 * time.Millisecond, 2 * time.Second}}, Step{
		Do: Push, Channel: stream, Event: claimEvent, Data: `{"id":"{event.id}","claim_id":"{user}"}`, Answer: "result",
	})
	see := script(offer)
	join := []string{stream}
	return &Scenario{
		Title:  fmt.Sprintf("%d users watch one stream; %d of them come and go, %d claim what is offered", n, passers, claimers),
		Params: map[string]string{"user_id": "{group}-{user}"},
		Users: []Users{
			{Name: "viewers", Count: n - claimers - passers, Join: join, Scripts: []Script{first, see, turn}},
			{Name: "claimers", Count: claimers, Join: join, Scripts: []Script{first, claim, turn}},
			{Name: "passers-by", Count: passers, Join: join, Scripts: []Script{first, see, pass}},
		},
		Phases: []Phase{arrive(), act("watch", 0), act("mission", or(o.For, time.Minute))},
	}
}
