package throng

// Task is a piece of work for a loop. Run is called once on the loop that it was
// posted to, with that loop's index; it must not block.
type Task interface {
	Run(loop int)
}

// Mailbox is the way into a loop for everybody else. Post is safe for concurrent
// use, never blocks and keeps the order of posts; after the loop has stopped,
// tasks are dropped.
type Mailbox interface {
	Post(Task)
}
