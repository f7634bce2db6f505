package api

import "throng"

const visitsEraseDoc = "Erases all that is known of a user's visits: visits, sums, and what is open. There is no way back. If the user is here, a visit begins anew at that moment. The map that the user's tabs share is forgotten too, and what the own channel kept. Sums over all users and the curve lose nothing: they name nobody."

type visitsEraseRequest struct {
	User string `json:"user" doc:"The user."`
}

type visitsEraseResult struct {
	Visits int64 `json:"visits" doc:"How many visits that were; 0 if there were none."`
}

func (c *call) visitsErase(q *visitsEraseRequest) (*visitsEraseResult, *throng.Error) {
	books, err := c.records()
	switch {
	case err != nil:
		return nil, err
	case q.User == "":
		return nil, bad("user: a user is needed")
	}
	ctx, cancel := c.wait()
	defer cancel()
	n, failure := books.Erase(ctx, q.User)
	if failure != nil {
		return nil, c.bookError(failure, "visits_erase", "")
	}
	if err := c.forgetState(q.User); err != nil {
		return nil, err
	}
	c.log.Info("the visits of a user were erased", "key", c.key.Name, "visits", n) // the name would be a record too
	return &visitsEraseResult{n}, nil
}
