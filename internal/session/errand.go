package session

// Errand is what somebody elsewhere has to do with one subscription: posted to the
// session's Ref, it is run on the session's loop if the subscription of that class is
// still there.
type Errand interface {
	Class() uint32
	Run(sub *Subscription)
}
