package sqlite

import (
	"context"
	"database/sql"

	"throng"
	"throng/internal/store"
)

var _ throng.UserStates = (*Store)(nil)

const (
	// Each changes a row only if the map is where its changes go on from.
	beginMap = `INSERT INTO user_state (user_id, epoch, version, updated_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
	moveMap  = `UPDATE user_state SET version = ?, updated_at = ? WHERE user_id = ? AND epoch = ? AND version = ?`
	setEntry = `INSERT INTO user_state_entry (user_id, key, value, version, updated_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET value = excluded.value, version = excluded.version, updated_at = excluded.updated_at,
			expires_at = excluded.expires_at`
	removeEntry     = `DELETE FROM user_state_entry WHERE user_id = ? AND key = ?`
	addMutation     = `INSERT INTO user_state_mutation (user_id, mutation, key, version, mutated_at) VALUES (?, ?, ?, ?, ?)`
	forgetMutations = `DELETE FROM user_state_mutation WHERE user_id = ? AND version < ?`
)

// SaveStates writes changes of users' maps.
func (s *Store) SaveStates(ctx context.Context, changes []throng.StateChange) error {
	if len(changes) == 0 {
		return nil
	}
	c, err := store.NewStateChanges(changes)
	if err != nil {
		return err
	}
	set, gone := c.Split()
	return s.transact(ctx, func(conn *sql.Conn) error {
		if err := moveMaps(ctx, conn, c); err != nil {
			return err
		}
		if err := each(ctx, conn, setEntry, set, func(b *binder, r *store.StateRow) {
			b.text(r.User).text(r.Key).text(r.Value).number(int64(r.Version)).number(r.UpdatedAt).number(r.Expires)
		}); err != nil {
			return err
		}
		if err := each(ctx, conn, removeEntry, gone, func(b *binder, r *store.StateRow) { b.text(r.User).text(r.Key) }); err != nil {
			return err
		}
		if err := each(ctx, conn, forgetMutations, c.Forgetful(), func(b *binder, m *store.StateMap) {
			b.text(m.User).number(int64(m.Remembered))
		}); err != nil {
			return err
		}
		return each(ctx, conn, addMutation, c.Mutations, func(b *binder, m *store.StateMutation) {
			b.text(m.User).text(m.ID).text(m.Key).number(int64(m.Version)).number(m.At)
		})
	})
}

// moveMaps brings maps to their new versions, each from where its changes go on from.
func moveMaps(ctx context.Context, conn *sql.Conn, c *store.StateChanges) error {
	begun, on := c.Begun()
	var moved []store.StateMap
	miss := func(m *store.StateMap) { moved = append(moved, *m) }
	if err := eachMissed(ctx, conn, beginMap, begun, func(b *binder, m *store.StateMap) {
		b.text(m.User).text(m.Epoch).number(int64(m.Version)).number(m.At)
	}, miss); err != nil {
		return err
	}
	if err := eachMissed(ctx, conn, moveMap, on, func(b *binder, m *store.StateMap) {
		b.number(int64(m.Version)).number(m.At).text(m.User).text(m.Epoch).number(int64(m.From))
	}, miss); err != nil {
		return err
	}
	return store.Moved(moved)
}

// LoadState reads what there is of a user, at one moment.
func (s *Store) LoadState(ctx context.Context, user string, now, since int64, most int) (st throng.UserState, made []throng.Mutation, err error) {
	text := store.Text(user)
	// One statement is one view of the file.
	const query = `SELECT 0, epoch, '', version, updated_at, 0 FROM user_state WHERE user_id = ?1
		UNION ALL SELECT 1, key, value, version, updated_at, expires_at FROM user_state_entry
			WHERE user_id = ?1 AND (expires_at = 0 OR expires_at > ?2)
		UNION ALL SELECT * FROM (SELECT 2, mutation, key, version, mutated_at, 0 FROM user_state_mutation
			WHERE user_id = ?1 AND mutated_at > ?3 ORDER BY version DESC LIMIT ?4)`
	err = s.query(ctx, query, []any{text, now, since, most}, func(columns func(...any) error) error {
		var kind int
		var r store.StateRow
		if err := columns(&kind, &r.Key, &r.Value, &r.Version, &r.UpdatedAt, &r.Expires); err != nil {
			return err
		}
		switch kind {
		case 0:
			st.Epoch, st.Version = r.Key, r.Version
		case 1:
			st.Entries = append(st.Entries, r.State())
		default:
			made = append(made, throng.Mutation{ID: store.Name(r.Key), Key: store.Name(r.Value), Version: r.Version, At: r.UpdatedAt})
		}
		return nil
	})
	if err != nil {
		return throng.UserState{}, nil, err
	}
	return st, made, nil
}

// ForgetState removes a user's map, from the file too.
func (s *Store) ForgetState(ctx context.Context, user string) error {
	text := store.Text(user)
	if err := s.transact(ctx, func(c *sql.Conn) error { return forgetMap(ctx, c, text) }); err != nil {
		return err
	}
	if err := s.emptyLog(ctx); err != nil {
		s.opts.Log.Warn("store: a user's map is forgotten, but the write-ahead log, which may have it, is not emptied yet",
			"file", s.opts.File, "error", err)
	}
	return nil
}

func forgetMap(ctx context.Context, c *sql.Conn, user string) error {
	for _, table := range []string{"user_state", "user_state_entry", "user_state_mutation"} {
		if err := exec(ctx, c, `DELETE FROM `+table+` WHERE user_id = ?`, user); err != nil {
			return err
		}
	}
	return nil
}

// PruneStates removes what nobody asks for any more, piece by piece.
func (s *Store) PruneStates(ctx context.Context, expired, since int64) error {
	if err := s.prune(ctx, `DELETE FROM user_state_entry WHERE (user_id, key) IN
		(SELECT user_id, key FROM user_state_entry WHERE expires_at > 0 AND expires_at <= ?1 LIMIT ?2)`, expired); err != nil {
		return err
	}
	return s.prune(ctx, `DELETE FROM user_state_mutation WHERE (user_id, version) IN
		(SELECT user_id, version FROM user_state_mutation WHERE mutated_at <= ?1 LIMIT ?2)`, since)
}
