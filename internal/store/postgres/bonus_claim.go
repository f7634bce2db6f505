package postgres

import (
	"context"
	"time"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

// Claims judges claims under the lock of the bonus's row: nobody else grants meanwhile.
// One that has ended grants nothing more, so that those who come late need no lock, and
// no write for it.
func (s *Store) Claims(ctx context.Context, bonus string, claims []throng.Claim) (judged []throng.Judged, b throng.Bonus, err error) {
	users, err := store.Claimants(claims)
	if err != nil {
		return nil, b, err
	}
	id := store.Text(bonus)
	var ended bool
	if err := s.query(ctx, s.claims, `SELECT ended_at IS NOT NULL FROM bonus WHERE bonus_id = @bonus`, pgx.NamedArgs{"bonus": id},
		func(rows pgx.Rows) error { return rows.Scan(&ended) }); err != nil {
		return nil, b, err
	}
	if ended {
		// Each statement sees what is written by then: the journal is complete.
		if b, judged, _, err = judge(ctx, s.claims, readBonus, id, users, claims); err != nil {
			return nil, throng.Bonus{}, s.explain(err)
		}
		return judged, b, nil
	}
	err = s.transact(ctx, s.claims, func(tx pgx.Tx) error {
		var granted []throng.Claim
		b, judged, granted, err = judge(ctx, tx, readBonus+` FOR UPDATE`, id, users, claims)
		if err != nil || len(granted) == 0 {
			return err
		}
		return tx.SendBatch(ctx, grants(id, &b, granted)).Close()
	})
	if err != nil {
		return nil, throng.Bonus{}, err
	}
	return judged, b, nil
}

// asker is a connection, or a transaction.
type asker interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

const readClaims = `SELECT user_id, place, claim_id, claimed_at FROM bonus_claim WHERE bonus_id = $1 AND user_id = ANY ($2)`

// judge reads a bonus and then, in the same message to the server, the journal, and says
// what becomes of claims.
func judge(ctx context.Context, a asker, read, id string, users []string, claims []throng.Claim) (
	bonus throng.Bonus, judged []throng.Judged, granted []throng.Claim, err error,
) {
	var batch pgx.Batch
	journal := make(store.Journal, len(users))
	batch.Queue(read, id).QueryRow(func(row pgx.Row) (err error) {
		bonus, err = scanBonus(row)
		return err
	})
	batch.Queue(readClaims, id, users).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			c := throng.Claim{Bonus: bonus.ID}
			var at time.Time
			if err := rows.Scan(&c.User, &c.Place, &c.ID, &at); err != nil {
				return err
			}
			c.User, c.ID, c.At = store.Name(c.User), store.Name(c.ID), at.UnixMilli()
			journal[c.User] = c
		}
		return rows.Err()
	})
	if err := a.SendBatch(ctx, &batch).Close(); err != nil {
		return throng.Bonus{}, nil, nil, err
	}
	judged, granted = store.Judge(&bonus, claims, journal)
	return bonus, judged, granted, nil
}

// grants writes new claims, and the bonus as it is with them.
func grants(id string, b *throng.Bonus, granted []throng.Claim) *pgx.Batch {
	n := len(granted)
	places, users, ids, times := make([]int64, n), make([]string, n), make([]string, n), make([]time.Time, n)
	for i := range granted {
		c := &granted[i]
		places[i], users[i], ids[i], times[i] = c.Place, store.Text(c.User), store.Text(c.ID), moment(c.At)
	}
	batch := new(pgx.Batch)
	batch.Queue(`INSERT INTO bonus_claim (bonus_id, place, user_id, claim_id, claimed_at)
		SELECT $1::text, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::timestamptz[])`, id, places, users, ids, times)
	batch.Queue(`UPDATE bonus SET claimed = $2, ended_at = $3, end_reason = $4 WHERE bonus_id = $1`, id, b.Claimed, some(b.EndedAt), b.End)
	return batch
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
	if f.User != "" {
		w.With("user", store.Text(f.User), "user_id = @user")
	}
	if f.Users != nil {
		w.With("users", store.Texts(f.Users), "user_id = ANY (@users)")
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
	err = s.query(ctx, s.people, `SELECT bonus_id, place, coalesce(user_id, ''), claim_id, claimed_at FROM bonus_claim
		WHERE `+w.String()+` ORDER BY bonus_id, place LIMIT @limit`, w.Values, func(rows pgx.Rows) error {
		if len(page) == limit {
			next = store.ClaimCursor(&page[limit-1])
			return nil
		}
		var c throng.Claim
		var at time.Time
		err := rows.Scan(&c.Bonus, &c.Place, &c.User, &c.ID, &at)
		c.Bonus, c.User, c.ID, c.At = store.Name(c.Bonus), store.Name(c.User), store.Name(c.ID), at.UnixMilli()
		page = append(page, c)
		return err
	})
	return page, next, err
}

// ForgetClaims takes a user's name out.
func (s *Store) ForgetClaims(ctx context.Context, user string) (claims int64, err error) {
	text := store.Text(user)
	err = s.transact(ctx, s.people, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE bonus_claim SET user_id = NULL, claim_id = '' WHERE user_id = $1`, text)
		if claims = tag.RowsAffected(); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE bonus SET users = array_remove(users, $1) WHERE users IS NOT NULL AND $1 = ANY (users)`, text)
		return err
	})
	if err != nil {
		return 0, err
	}
	return claims, nil
}
