package bonus

// crowd is the claims that wait, and whose they are.
type crowd struct {
	count int
	users map[string]int
	most  int // that users had since it was made
}

// share is how many of a user's claims wait once half of the queue is taken: one user
// with many tabs does not keep the others out.
const share = 100

// roomy is how many users the map keeps room for when nobody waits.
const roomy = 1000

func newCrowd() crowd { return crowd{users: make(map[string]int)} }

// full reports whether no more claims of a user may wait, where so many may of all.
func (c *crowd) full(user string, queue int) bool {
	return c.count >= queue || c.count >= queue/2 && c.users[user] >= share
}

func (c *crowd) join(user string) {
	c.count++
	c.users[user]++
	c.most = max(c.most, len(c.users))
}

func (c *crowd) leave(user string) {
	c.count--
	if n := c.users[user]; n > 1 {
		c.users[user] = n - 1
	} else {
		delete(c.users, user)
	}
	if c.count == 0 && c.most > roomy {
		c.users, c.most = make(map[string]int), 0
	}
}
