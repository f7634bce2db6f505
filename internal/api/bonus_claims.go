package api

import (
	"context"
	"net/http"
	"reflect"
	"strconv"

	"throng"
)

const bonusClaimDoc = "Claims a bonus for a user, as the user's client does by the event bonus_claim: for clients that speak with the backend only. It counts as arrived now, and whether the user is among those whom the bonus is for is looked at. Error 108 with temporary says that the store did not answer: the same claim with the same claim_id finds out."

type bonusClaimRequest struct {
	ID      string `json:"id" doc:"The bonus."`
	User    string `json:"user" doc:"The user."`
	ClaimID string `json:"claim_id,omitempty" doc:"The claim's own name, at most 128 bytes: who claims again under the same one is answered won again, under another already."`
}

type bonusClaimResult struct {
	ID     string `json:"id" doc:"The bonus."`
	Result string `json:"result" doc:"won, already, exhausted, expired, not_for_you, not_yet."`
	Place  int64  `json:"place,omitempty" doc:"With won and already: the user's place among those who have it, from 1."`
	At     int64  `json:"at,omitempty" doc:"With won and already: when the claim arrived, in milliseconds since 1970."`
	Time   int64  `json:"time" doc:"The server's time."`
}

// verdicts are the names of what becomes of claims.
var verdicts = [...]string{
	throng.Won: "won", throng.Already: "already", throng.Exhausted: "exhausted",
	throng.Expired: "expired", throng.NotForYou: "not_for_you", throng.NotYet: "not_yet",
}

func (c *call) bonusClaim(q *bonusClaimRequest) (*bonusClaimResult, *throng.Error) {
	at := c.opts.Clock.Now()
	ctx, cancel := c.wait()
	defer cancel()
	switch {
	case q.ID == "":
		return nil, bad("id: the id of a bonus is needed")
	case q.User == "":
		return nil, bad("user: the id of a user is needed")
	}
	j, failure := c.opts.Bonuses.Claim(ctx, throng.Claim{Bonus: q.ID, User: q.User, ID: q.ClaimID, At: at}, func(channel string) error {
		if err := c.reachesBonuses(channel); err != nil {
			return err
		}
		return nil
	})
	if failure != nil {
		return nil, c.coded(failure, "bonus_claim", "")
	}
	r := &bonusClaimResult{ID: q.ID, Result: verdicts[j.Verdict], Time: c.opts.Clock.Now()}
	if j.Verdict == throng.Won || j.Verdict == throng.Already {
		r.Place, r.At = j.Claim.Place, j.Claim.At
	}
	return r, nil
}

// claimFilter says which claims are wanted.
type claimFilter struct {
	ID   string `json:"id,omitempty" doc:"Only those of this bonus. A key without a right to all namespaces names one."`
	User string `json:"user,omitempty" doc:"Only this user's."`
}

// read turns it into the desk's words, if the key may.
func (q *claimFilter) read(c *call, verb string) (f throng.ClaimFilter, err *throng.Error) {
	f = throng.ClaimFilter{Bonus: q.ID, User: q.User}
	if q.ID == "" {
		return f, c.whose("")
	}
	ctx, cancel := c.wait()
	defer cancel()
	_, err = c.bonus(ctx, verb, q.ID)
	return f, err
}

const bonusClaimsDoc = "Lists who has a bonus, or what a user has: claims that were granted, by bonus and place, in pages."

type bonusClaimsRequest struct {
	claimFilter
	AfterPlace int64 `json:"after_place,omitempty" doc:"With id: only larger places. The newest ten are behind the bonus's claimed less ten."`
	listed
}

type bonusClaimsResult struct {
	Claims []claim `json:"claims" doc:"The claims."`
	Next   string  `json:"next,omitempty" doc:"Where the next page begins; not there after the last one."`
}

// claim is one as it is told.
type claim struct {
	ID      string `json:"id" doc:"The bonus."`
	Place   int64  `json:"place" doc:"The place among those who have it, from 1."`
	User    string `json:"user" doc:"Who has it; empty if the user was erased."`
	At      int64  `json:"at" doc:"When the claim arrived, in milliseconds since 1970."`
	ClaimID string `json:"claim_id,omitempty" doc:"The claim's own name."`
}

// claimHeading is that of a table of claims.
var claimHeading = []string{"bonus", "place", "user", "at", "claim_id"}

// cells implements line.
func (c *claim) cells(to []string) []string {
	return append(to, harmless(c.ID), strconv.FormatInt(c.Place, 10), harmless(c.User), stamp(c.At), harmless(c.ClaimID))
}

func claimOf(c *throng.Claim) claim {
	return claim{ID: c.Bonus, Place: c.Place, User: c.User, At: c.At, ClaimID: c.ID}
}

func (c *call) bonusClaims(q *bonusClaimsRequest) (*bonusClaimsResult, *throng.Error) {
	if q.AfterPlace < 0 || q.AfterPlace > 0 && q.ID == "" {
		return nil, bad("after_place: a place of the bonus that id names is meant")
	}
	f, err := q.read(c, "bonus_claims")
	if err != nil {
		return nil, err
	}
	f.AfterPlace = q.AfterPlace
	page, err := q.page()
	if err != nil {
		return nil, err
	}
	ctx, cancel := c.wait()
	defer cancel()
	list, next, failure := c.opts.Bonuses.Claims(ctx, f, page)
	if failure != nil {
		return nil, c.bonusError(failure, "bonus_claims")
	}
	r := &bonusClaimsResult{Claims: make([]claim, 0, len(list)), Next: next}
	for i := range list {
		r.Claims = append(r.Claims, claimOf(&list[i]))
	}
	return r, nil
}

const bonusExportDoc = "Writes all claims that match, as CSV or as JSON lines, piece by piece, as visits_export does: it can be a GET too, errors have the same HTTP statuses, and an answer that fails on its way is cut off."

type bonusExportRequest struct {
	claimFilter
	Format string `json:"format,omitempty" doc:"csv (the default) or jsonl, a JSON object in each line."`
}

func bonusExportMethod() Method {
	return Method{
		Name: "bonus_export", Doc: bonusExportDoc,
		Request: reflect.TypeFor[bonusExportRequest](), Result: reflect.TypeFor[claim](),
		stream: func(c *call, w http.ResponseWriter, body []byte) *throng.Error {
			if c.opts.Bonuses == nil {
				return errNoDesk
			}
			q := new(bonusExportRequest)
			if err := decode(body, q); err != nil {
				return err
			}
			return c.bonusExport(w, q)
		},
	}
}

// bonusExport writes claims until there are no more, or the client is gone.
func (c *call) bonusExport(w http.ResponseWriter, q *bonusExportRequest) *throng.Error {
	f, err := q.read(c, "bonus_export")
	if err != nil {
		return err
	}
	out, err := newTable(w, q.Format, "claims", claimHeading)
	if err != nil {
		return err
	}
	return c.pour(w, out, func(cursor string) (rows []line, next string, failed *throng.Error) {
		ctx, cancel := context.WithTimeout(c.ctx, patience)
		defer cancel()
		page, next, err := c.opts.Bonuses.Claims(ctx, f, throng.Page{Cursor: cursor, Limit: exportPiece})
		if err != nil {
			return nil, "", c.bonusError(err, "bonus_export")
		}
		rows = make([]line, len(page))
		for i := range page {
			one := claimOf(&page[i])
			rows[i] = &one
		}
		return rows, next, nil
	})
}

const bonusEraseDoc = "Takes a user's name out of the journal of claims, and out of audiences that name it: places and counts stay. Nobody knows then that the user had a bonus; while it is open, it can be claimed again. Other nodes remember the user until ten minutes behind the deadlines."

type bonusEraseRequest struct {
	User string `json:"user" doc:"The user."`
}

type bonusEraseResult struct {
	Claims int64 `json:"claims" doc:"How many claims those were."`
}

func (c *call) bonusErase(q *bonusEraseRequest) (*bonusEraseResult, *throng.Error) {
	if q.User == "" {
		return nil, bad("user: the id of a user is needed")
	}
	if err := c.whose(""); err != nil {
		return nil, err
	}
	ctx, cancel := c.wait()
	defer cancel()
	n, err := c.opts.Bonuses.Erase(ctx, q.User)
	if err != nil {
		return nil, c.bonusError(err, "bonus_erase")
	}
	return &bonusEraseResult{n}, nil
}
