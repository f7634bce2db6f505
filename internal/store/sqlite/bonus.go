package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"throng"
	"throng/internal/store"
)

const (
	shortColumns = `bonus_id, created_at, starts_at, deadline, tolerance, quota, claimed, ended_at, end_reason,
	channel, present_at, min_watched, watched_since`
	bonusColumns = shortColumns + `, data, users`
	// briefColumns are those of a bonus without what may be long, which is not read then.
	briefColumns = shortColumns + `, '', NULL`
)

// scanBonus reads bonusColumns, or briefColumns.
func scanBonus(columns func(...any) error) (b throng.Bonus, err error) {
	var data string
	var ended, present, since sql.NullInt64
	var users sql.NullString
	a := &b.Audience
	if err := columns(&b.ID, &b.CreatedAt, &b.StartsAt, &b.Deadline, &b.Tolerance, &b.Quota, &b.Claimed, &ended, &b.End,
		&a.Channel, &present, &a.MinWatched, &since, &data, &users); err != nil {
		return b, err
	}
	b.ID, b.EndedAt, b.Data = store.Name(b.ID), ended.Int64, store.Data(data)
	a.Channel, a.PresentAt, a.WatchedSince = store.Name(a.Channel), present.Int64, since.Int64
	if users.Valid {
		if err := json.Unmarshal([]byte(users.String), &a.Users); err != nil {
			return b, err
		}
		a.Users = store.Names(a.Users)
	}
	return b, nil
}

// CreateBonus keeps a new bonus.
func (s *Store) CreateBonus(ctx context.Context, b *throng.Bonus) (made throng.Bonus, err error) {
	n, err := store.NewBonus(b)
	if err != nil {
		return throng.Bonus{}, err
	}
	var users sql.NullString
	if n.Audience.Users != nil {
		list, err := json.Marshal(store.Texts(n.Audience.Users))
		if err != nil {
			return throng.Bonus{}, err
		}
		users = sql.NullString{String: string(list), Valid: true}
	}
	err = s.transact(ctx, func(c *sql.Conn) error {
		inserted, err := affected(ctx, c, `INSERT INTO bonus (bonus_id, created_at, starts_at, deadline, tolerance, closes_at, quota,
				channel, present_at, min_watched, watched_since, data, users)
			VALUES (@id, @created, @starts, @deadline, @tolerance, @closes, @quota, @channel, nullif(@present, 0), @watched, nullif(@since, 0), @data, @users)
			ON CONFLICT DO NOTHING`,
			sql.Named("id", store.Text(n.ID)), sql.Named("created", n.CreatedAt), sql.Named("starts", n.StartsAt),
			sql.Named("deadline", n.Deadline), sql.Named("tolerance", n.Tolerance), sql.Named("closes", store.ClosesAt(&n)),
			sql.Named("quota", n.Quota), sql.Named("channel", store.Text(n.Audience.Channel)), sql.Named("present", n.Audience.PresentAt),
			sql.Named("watched", n.Audience.MinWatched), sql.Named("since", n.Audience.WatchedSince),
			sql.Named("data", store.Text(string(n.Data))), sql.Named("users", users))
		if made = n; err != nil || inserted > 0 {
			return err
		}
		if made, err = readBonus(ctx, c, n.ID); err == nil && !store.SameBonus(&made, &n) {
			err = throng.ErrBonusExists
		}
		return err
	})
	if err != nil {
		return throng.Bonus{}, err
	}
	return made, nil
}

// Bonus reads one.
func (s *Store) Bonus(ctx context.Context, id string) (b throng.Bonus, err error) {
	err = s.reading(ctx, func(c *sql.Conn) error {
		b, err = readBonus(ctx, c, id)
		return err
	})
	return b, err
}

func readBonus(ctx context.Context, c *sql.Conn, id string) (throng.Bonus, error) {
	b, err := scanBonus(c.QueryRowContext(ctx, `SELECT `+bonusColumns+` FROM bonus WHERE bonus_id = ?`, store.Text(id)).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return b, throng.ErrUnknownBonus
	}
	return b, err
}

// ListBonuses lists them from the one created last.
func (s *Store) ListBonuses(ctx context.Context, f throng.BonusFilter, p throng.Page) (page []throng.Bonus, next string, err error) {
	var w store.Where
	index := "bonus_created"
	if f.Channel != "" {
		index = "bonus_channel"
		w.With("channel", store.Text(f.Channel), "channel = @channel")
	}
	if f.Live {
		index = "bonus_closes" // those are few
		w.With("now", store.Moment(f.Now), "closes_at > @now AND ended_at IS NULL")
	}
	if p.Cursor != "" {
		created, id, err := store.ParseBonusCursor(p.Cursor)
		if err != nil {
			return nil, "", err
		}
		w.Set("created", created)
		w.With("id", id, "(created_at, bonus_id) < (@created, @id)")
	}
	limit := store.Limit(p.Limit)
	if limit == 0 {
		return nil, "", nil
	}
	w.Set("limit", limit+1)
	selected := bonusColumns
	if f.Brief {
		selected = briefColumns
	}
	err = s.query(ctx, `SELECT `+selected+` FROM bonus INDEXED BY `+index+` WHERE `+w.String()+`
		ORDER BY created_at DESC, bonus_id DESC LIMIT @limit`, values(&w), func(columns func(...any) error) error {
		if len(page) == limit {
			next = store.BonusCursor(&page[limit-1])
			return nil
		}
		b, err := scanBonus(columns)
		page = append(page, b)
		return err
	})
	return page, next, err
}

// EndBonus ends one.
func (s *Store) EndBonus(ctx context.Context, id string, at int64, why throng.BonusEnd) (b throng.Bonus, err error) {
	if why == throng.BonusOpen {
		why = throng.BonusWithdrawn
	}
	err = s.transact(ctx, func(c *sql.Conn) error {
		if err := exec(ctx, c, `UPDATE bonus SET ended_at = max(@at, 1), end_reason = @why WHERE bonus_id = @id AND ended_at IS NULL AND closes_at > @at`,
			sql.Named("at", store.Moment(at)), sql.Named("why", why), sql.Named("id", store.Text(id))); err != nil {
			return err
		}
		b, err = readBonus(ctx, c, id)
		return err
	})
	return b, err
}

// PruneBonuses removes old ones. From the first piece of a journal on that goes, nobody
// can claim, and the bonus goes after the last: a piece may seem to be the last when
// another process prunes too.
func (s *Store) PruneBonuses(ctx context.Context, before int64) error {
	if before <= 0 {
		return nil
	}
	before = store.Moment(before)
	for _, statement := range []string{
		`UPDATE bonus SET ended_at = max(closes_at, 1) WHERE bonus_id IN (SELECT bonus_id FROM bonus INDEXED BY bonus_closes WHERE closes_at < ? AND ended_at IS NULL LIMIT ?)`,
		`DELETE FROM bonus_claim WHERE (bonus_id, place) IN (SELECT bonus_id, place
			FROM bonus b INDEXED BY bonus_closes CROSS JOIN bonus_claim c USING (bonus_id) WHERE b.closes_at < ? LIMIT ?)`,
		`DELETE FROM bonus WHERE bonus_id IN (SELECT bonus_id FROM bonus b INDEXED BY bonus_closes WHERE closes_at < ?
			AND NOT EXISTS (SELECT 1 FROM bonus_claim c WHERE c.bonus_id = b.bonus_id) LIMIT ?)`,
	} {
		if err := s.prune(ctx, statement, before); err != nil {
			return err
		}
	}
	return nil
}
