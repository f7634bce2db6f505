package postgres

import (
	"context"
	"errors"
	"time"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

const (
	shortColumns = `bonus_id, created_at, starts_at, deadline, tolerance, quota, claimed, ended_at, end_reason,
	channel, present_at, min_watched, watched_since`
	bonusColumns = shortColumns + `, data, users`
	// briefColumns are those of a bonus without what may be long, which is not read then.
	briefColumns = shortColumns + `, ''::text, NULL::text[]`
)

// readBonus is answered with one row, or none; it can be followed by FOR UPDATE.
const readBonus = `SELECT ` + bonusColumns + ` FROM bonus WHERE bonus_id = $1`

// scanBonus reads bonusColumns, or briefColumns. The error of no row is throng.ErrUnknownBonus.
func scanBonus(row pgx.Row) (b throng.Bonus, err error) {
	var data string
	var created, starts, deadline time.Time
	var ended, present, since *time.Time
	a := &b.Audience
	err = row.Scan(&b.ID, &created, &starts, &deadline, &b.Tolerance, &b.Quota, &b.Claimed, &ended, &b.End,
		&a.Channel, &present, &a.MinWatched, &since, &data, &a.Users)
	if errors.Is(err, pgx.ErrNoRows) {
		return throng.Bonus{}, throng.ErrUnknownBonus
	}
	if err != nil {
		return throng.Bonus{}, err
	}
	b.ID, b.Data, a.Channel, a.Users = store.Name(b.ID), store.Data(data), store.Name(a.Channel), store.Names(a.Users)
	b.CreatedAt, b.StartsAt, b.Deadline, b.EndedAt = created.UnixMilli(), starts.UnixMilli(), deadline.UnixMilli(), millis(ended)
	a.PresentAt, a.WatchedSince = millis(present), millis(since)
	return b, nil
}

// some is a time for the database, NULL for 0.
func some(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	t := moment(ms)
	return &t
}

// CreateBonus keeps a new bonus.
func (s *Store) CreateBonus(ctx context.Context, b *throng.Bonus) (throng.Bonus, error) {
	n, err := store.NewBonus(b)
	if err != nil {
		return throng.Bonus{}, err
	}
	tag, err := s.claims.Exec(ctx, `INSERT INTO bonus (bonus_id, created_at, starts_at, deadline, tolerance, closes_at, quota,
			channel, present_at, min_watched, watched_since, data, users)
		VALUES (@id, @created, @starts, @deadline, @tolerance, @closes, @quota, @channel, @present, @watched, @since, @data, @users)
		ON CONFLICT DO NOTHING`, pgx.NamedArgs{
		"id": store.Text(n.ID), "created": moment(n.CreatedAt), "starts": moment(n.StartsAt), "deadline": moment(n.Deadline),
		"tolerance": n.Tolerance, "closes": moment(store.ClosesAt(&n)), "quota": n.Quota, "channel": store.Text(n.Audience.Channel),
		"present": some(n.Audience.PresentAt), "watched": n.Audience.MinWatched, "since": some(n.Audience.WatchedSince),
		"data": store.Text(string(n.Data)), "users": store.Texts(n.Audience.Users),
	})
	if err != nil {
		return throng.Bonus{}, s.explain(err)
	}
	if tag.RowsAffected() > 0 {
		return n, nil
	}
	old, err := s.Bonus(ctx, n.ID)
	if err == nil && !store.SameBonus(&old, &n) {
		old, err = throng.Bonus{}, throng.ErrBonusExists
	}
	return old, err
}

// Bonus reads one.
func (s *Store) Bonus(ctx context.Context, id string) (throng.Bonus, error) {
	b, err := scanBonus(s.claims.QueryRow(ctx, readBonus, store.Text(id)))
	return b, s.explain(err)
}

// ListBonuses lists them from the one created last.
func (s *Store) ListBonuses(ctx context.Context, f throng.BonusFilter, p throng.Page) (page []throng.Bonus, next string, err error) {
	var w store.Where
	if f.Channel != "" {
		w.With("channel", store.Text(f.Channel), "channel = @channel")
	}
	if f.Live {
		w.With("now", moment(f.Now), "closes_at > @now AND ended_at IS NULL")
	}
	if p.Cursor != "" {
		created, id, err := store.ParseBonusCursor(p.Cursor)
		if err != nil {
			return nil, "", err
		}
		w.Set("created", moment(created))
		w.With("id", id, "(created_at, bonus_id) < (@created, @id)")
	}
	limit := store.Limit(p.Limit)
	if limit == 0 {
		return nil, "", nil
	}
	w.Set("limit", limit+1)
	columns := bonusColumns
	if f.Brief {
		columns = briefColumns
	}
	err = s.query(ctx, s.people, `SELECT `+columns+` FROM bonus WHERE `+w.String()+`
		ORDER BY created_at DESC, bonus_id DESC LIMIT @limit`, w.Values, func(rows pgx.Rows) error {
		if len(page) == limit {
			next = store.BonusCursor(&page[limit-1])
			return nil
		}
		b, err := scanBonus(rows)
		page = append(page, b)
		return err
	})
	return page, next, err
}

// EndBonus ends one.
func (s *Store) EndBonus(ctx context.Context, id string, at int64, why throng.BonusEnd) (throng.Bonus, error) {
	if why == throng.BonusOpen {
		why = throng.BonusWithdrawn
	}
	if _, err := s.claims.Exec(ctx, `UPDATE bonus SET ended_at = @at, end_reason = @why WHERE bonus_id = @id AND ended_at IS NULL AND closes_at > @at`,
		pgx.NamedArgs{"at": moment(max(at, 1)), "why": why, "id": store.Text(id)}); err != nil {
		return throng.Bonus{}, s.explain(err)
	}
	return s.Bonus(ctx, id)
}

// PruneBonuses removes old ones. From the first piece of a journal on that goes, nobody
// can claim, and the bonus goes after the last: a piece may seem to be the last when
// another node prunes too.
func (s *Store) PruneBonuses(ctx context.Context, before int64) error {
	if before <= 0 {
		return nil
	}
	for _, statement := range []string{
		`UPDATE bonus SET ended_at = greatest(closes_at, 'epoch'::timestamptz + '1 ms') WHERE bonus_id IN
			(SELECT bonus_id FROM bonus WHERE closes_at < $1 AND ended_at IS NULL ORDER BY bonus_id LIMIT $2)`,
		`DELETE FROM bonus_claim WHERE (bonus_id, place) IN (SELECT bonus_id, place
			FROM bonus b CROSS JOIN LATERAL (SELECT place FROM bonus_claim c WHERE c.bonus_id = b.bonus_id) c WHERE b.closes_at < $1 LIMIT $2)`,
		`DELETE FROM bonus WHERE bonus_id IN (SELECT bonus_id FROM bonus b WHERE closes_at < $1
			AND NOT EXISTS (SELECT 1 FROM bonus_claim c WHERE c.bonus_id = b.bonus_id) ORDER BY bonus_id LIMIT $2)`,
	} {
		if err := s.prune(ctx, statement, moment(before)); err != nil {
			return err
		}
	}
	return nil
}
