package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"throng"
	"throng/internal/store"
)

// Claims judges claims under the write lock, of which there is one for the file: nobody
// else grants meanwhile. One that has ended grants nothing more, so that those who come
// late need no lock, and keep nobody from writing.
func (s *Store) Claims(ctx context.Context, bonus string, claims []throng.Claim) (judged []throng.Judged, b throng.Bonus, err error) {
	users, err := store.Claimants(claims)
	if err != nil {
		return nil, b, err
	}
	list, err := json.Marshal(users)
	if err != nil {
		return nil, b, err
	}
	ended := false
	if err = s.reading(ctx, func(c *sql.Conn) error {
		if b, err = readBonus(ctx, c, bonus); err != nil || b.EndedAt == 0 {
			return err
		}
		ended = true
		journal, err := readJournal(ctx, c, bonus, string(list), len(users))
		judged, _ = store.Judge(&b, claims, journal)
		return err
	}); err != nil {
		return nil, throng.Bonus{}, err
	}
	if ended {
		return judged, b, nil
	}
	err = s.transact(ctx, func(c *sql.Conn) error {
		if b, err = readBonus(ctx, c, bonus); err != nil {
			return err
		}
		journal, err := readJournal(ctx, c, bonus, string(list), len(users))
		if err != nil {
			return err
		}
		var granted []throng.Claim
		if judged, granted = store.Judge(&b, claims, journal); len(granted) == 0 {
			return nil
		}
		return grant(ctx, c, &b, granted)
	})
	if err != nil {
		return nil, throng.Bonus{}, err
	}
	return judged, b, nil
}

const (
	readClaims = `SELECT c.user_id, c.place, c.claim_id, c.claimed_at FROM json_each(?) u
		CROSS JOIN bonus_claim c INDEXED BY bonus_claim_user ON c.user_id = u.value AND c.bonus_id = ?`
	addClaim    = `INSERT INTO bonus_claim (bonus_id, place, user_id, claim_id, claimed_at) VALUES (?, ?, ?, ?, ?)`
	countClaims = `UPDATE bonus SET claimed = ?, ended_at = nullif(?, 0), end_reason = ? WHERE bonus_id = ?`

	forgetClaims   = `UPDATE bonus_claim SET user_id = NULL, claim_id = '' WHERE user_id = ?`
	forgetAudience = `UPDATE bonus INDEXED BY bonus_named SET users = (SELECT json_group_array(value) FROM json_each(users) WHERE value <> ?)
		WHERE users IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(users) WHERE value = ?)`
)

// readJournal reads what is written of users' claims of a bonus.
func readJournal(ctx context.Context, c *sql.Conn, bonus, users string, n int) (store.Journal, error) {
	rows, err := c.QueryContext(ctx, readClaims, users, store.Text(bonus))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	journal := make(store.Journal, n)
	for rows.Next() {
		claim := throng.Claim{Bonus: bonus}
		if err := rows.Scan(&claim.User, &claim.Place, &claim.ID, &claim.At); err != nil {
			return nil, err
		}
		claim.User, claim.ID = store.Name(claim.User), store.Name(claim.ID)
		journal[claim.User] = claim
	}
	return journal, rows.Err()
}

// grant writes new claims, and the bonus as it is with them.
func grant(ctx context.Context, c *sql.Conn, b *throng.Bonus, granted []throng.Claim) error {
	id := store.Text(b.ID)
	if err := each(ctx, c, addClaim, granted, func(v *binder, claim *throng.Claim) {
		v.text(id).number(claim.Place).text(store.Text(claim.User)).text(store.Text(claim.ID)).number(claim.At)
	}); err != nil {
		return err
	}
	return exec(ctx, c, countClaims, b.Claimed, b.EndedAt, b.End, id)
}

// ListClaims lists the journal.
func (s *Store) ListClaims(ctx context.Context, f throng.ClaimFilter, p throng.Page) (page []throng.Claim, next string, err error) {
	var w store.Where
	if f.Bonus != "" {
		w.With("bonus", store.Text(f.Bonus), "bonus_id = @bonus")
	}
	if f.AfterPlace > 0 {
		w.With("from", f.AfterPlace, "place > @from")
	}
	index := ""
	if f.User != "" {
		index = " INDEXED BY bonus_claim_user"
		w.With("user", store.Text(f.User), "user_id = @user")
	}
	if f.Users != nil {
		index = " INDEXED BY bonus_claim_user"
		list, err := json.Marshal(store.Texts(f.Users))
		if err != nil {
			return nil, "", err
		}
		w.With("users", string(list), "user_id IN (SELECT value FROM json_each(@users))")
	}
	if p.Cursor != "" {
		after, place, err := store.ParseClaimCursor(p.Cursor)
		if err != nil {
			return nil, "", err
		}
		w.Set("after", after)
		w.With("place", place, "(bonus_id, place) > (@after, @place)")
	}
	limit := store.Limit(p.Limit)
	if limit == 0 {
		return nil, "", nil
	}
	w.Set("limit", limit+1)
	err = s.query(ctx, `SELECT bonus_id, place, coalesce(user_id, ''), claim_id, claimed_at FROM bonus_claim`+index+`
		WHERE `+w.String()+` ORDER BY bonus_id, place LIMIT @limit`, values(&w), func(columns func(...any) error) error {
		if len(page) == limit {
			next = store.ClaimCursor(&page[limit-1])
			return nil
		}
		var c throng.Claim
		err := columns(&c.Bonus, &c.Place, &c.User, &c.ID, &c.At)
		c.Bonus, c.User, c.ID = store.Name(c.Bonus), store.Name(c.User), store.Name(c.ID)
		page = append(page, c)
		return err
	})
	return page, next, err
}

// ForgetClaims takes a user's name out. What was there is overwritten in the file too, and
// the write-ahead log is emptied as far as readers allow.
func (s *Store) ForgetClaims(ctx context.Context, user string) (claims int64, err error) {
	err = s.transact(ctx, func(c *sql.Conn) error {
		text := store.Text(user)
		if claims, err = affected(ctx, c, forgetClaims, text); err != nil {
			return err
		}
		return exec(ctx, c, forgetAudience, text, text)
	})
	if err != nil {
		return 0, err
	}
	s.overwriteLog(ctx)
	return claims, nil
}
