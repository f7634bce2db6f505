package api

import "throng"

const visitsEraseDoc = "Erases all that is known of a user: visits, sums, and what is open; the map that the user's tabs share, wherever it is or was kept; what the own channel kept. There is no way back. If the user is here, a visit begins anew at that moment. Sums over all users and the curve lose nothing: they name nobody. Bonuses stay: bonus_erase is for them."

type visitsEraseRequest struct {
	User string `json:"user" doc:"The user."`
}

type visitsEraseResult struct {
	Visits int64 `json:"visits" doc:"How many visits that were; 0 if there were none."`
}

func (c *call) visitsErase(q *visitsEraseRequest) (*visitsEraseResult, *throng.Error) {
	if q.User == "" {
		return nil, bad("user: a user is needed")
	}
	n, err := c.eraseKept(q.User)
	if err == nil {
		err = c.eraseShown(q.User)
	}
	if err != nil {
		return nil, err
	}
	c.log.Info("a user was erased", "key", c.key.Name, "visits", n) // the name would be a record too
	return &visitsEraseResult{n}, nil
}

// eraseKept removes what the store has.
func (c *call) eraseKept(user string) (visits int64, err *throng.Error) {
	if c.opts.Erase == nil {
		return 0, nil
	}
	ctx, cancel := c.wait()
	defer cancel()
	n, failure := c.opts.Erase(ctx, user)
	if failure != nil {
		return 0, c.bookError(failure, "visits_erase", "")
	}
	return n, nil
}

// eraseShown removes a user's map, and then what the own channel kept: changes that were
// under way are in it before the map is forgotten.
func (c *call) eraseShown(user string) *throng.Error {
	name := throng.UserChannel(user)
	if name == "" {
		return nil
	}
	if c.opts.States != nil {
		forgotten := make(chan *throng.Error, 1)
		c.opts.States.Forget(user, func(err *throng.Error) { forgotten <- err })
		refused, err := answered(c, forgotten)
		if err == nil {
			err = refused
		}
		if err != nil {
			return err
		}
	}
	emptied := make(chan error, 1)
	ctx, cancel := c.wait()
	defer cancel()
	c.opts.Node.RemoveHistory(ctx, name, func(err error) { emptied <- err })
	failure, err := answered(c, emptied)
	if err == nil && failure != nil {
		err = c.coded(failure, "visits_erase", name)
	}
	return err
}
