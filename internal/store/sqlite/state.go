package sqlite

import (
	"context"
	"database/sql"
	"strconv"

	"throng"
	"throng/internal/store"
)

var _ throng.UserStates = (*Store)(nil)

const (
	mapsOfRows = `(SELECT value ->> 0 AS user_id, value ->> 1 AS epoch, value ->> 2 AS version, value ->> 3 AS updated_at FROM json_each(@maps))`
	// Rows of a map that ended: the user's has another epoch now.
	ended = ` WHERE user_id IN (SELECT m.user_id FROM ` + mapsOfRows + ` AS m JOIN user_state AS s USING (user_id) WHERE s.epoch <> m.epoch)`
	// What is older than what is there was written before.
	setMaps = `INSERT INTO user_state (user_id, epoch, version, updated_at)
		SELECT user_id, epoch, version, updated_at FROM ` + mapsOfRows + ` WHERE true
		ON CONFLICT DO UPDATE SET epoch = excluded.epoch, version = excluded.version, updated_at = excluded.updated_at
		WHERE user_state.epoch <> excluded.epoch OR user_state.version < excluded.version`
	setEntries = `INSERT INTO user_state_entry (user_id, key, value, version, updated_at, expires_at)
		SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(@rows) WHERE true
		ON CONFLICT DO UPDATE SET value = excluded.value, version = excluded.version, updated_at = excluded.updated_at,
			expires_at = excluded.expires_at WHERE user_state_entry.version < excluded.version`
	removeEntries = `DELETE FROM user_state_entry WHERE (user_id, key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(@rows))
		AND version <= (SELECT r.value ->> 3 FROM json_each(@rows) AS r
			WHERE r.value ->> 0 = user_state_entry.user_id AND r.value ->> 1 = user_state_entry.key)`
	addMutations = `INSERT OR REPLACE INTO user_state_mutation (user_id, mutation, key, version, mutated_at)
		SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(@mutations)`
)

// SaveStates writes changes of users' maps.
func (s *Store) SaveStates(ctx context.Context, changes []throng.StateChange) error {
	if len(changes) == 0 {
		return nil
	}
	c := store.NewStateChanges(changes)
	maps := sql.Named("maps", stateMaps(c.Maps))
	set, gone := stateRows(c.Entries, false), stateRows(c.Entries, true)
	return s.transact(ctx, func(conn *sql.Conn) error {
		for _, step := range []struct {
			statement string
			arg       sql.NamedArg
			none      bool
		}{
			{`DELETE FROM user_state_entry` + ended, maps, false},
			{`DELETE FROM user_state_mutation` + ended, maps, false},
			{setMaps, maps, false},
			{setEntries, sql.Named("rows", set), len(set) == 2},
			{removeEntries, sql.Named("rows", gone), len(gone) == 2},
			{addMutations, sql.Named("mutations", stateMutations(c.Mutations)), len(c.Mutations) == 0},
		} {
			if step.none {
				continue
			}
			if err := exec(ctx, conn, step.statement, step.arg); err != nil {
				return err
			}
		}
		return nil
	})
}

// LoadState reads what there is of a user, at one moment.
func (s *Store) LoadState(ctx context.Context, user string, now, since int64) (st throng.UserState, made []throng.Mutation, err error) {
	text := store.Text(user)
	// One statement is one view of the file.
	const query = `SELECT 0, epoch, '', version, updated_at, 0 FROM user_state WHERE user_id = ?1
		UNION ALL SELECT 1, key, value, version, updated_at, expires_at FROM user_state_entry
			WHERE user_id = ?1 AND (expires_at = 0 OR expires_at > ?2)
		UNION ALL SELECT 2, mutation, key, version, mutated_at, 0 FROM user_state_mutation WHERE user_id = ?1 AND mutated_at > ?3`
	err = s.query(ctx, query, []any{text, now, since}, func(columns func(...any) error) error {
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
	err := s.transact(ctx, func(c *sql.Conn) error {
		for _, table := range []string{"user_state", "user_state_entry", "user_state_mutation"} {
			if err := exec(ctx, c, `DELETE FROM `+table+` WHERE user_id = ?`, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.emptyLog(ctx); err != nil {
		s.opts.Log.Warn("store: a user's map is forgotten, but the write-ahead log, which may have it, is not emptied yet",
			"file", s.opts.File, "error", err)
	}
	return nil
}

// PruneStates removes what nobody is shown any more, piece by piece.
func (s *Store) PruneStates(ctx context.Context, now, since int64) error {
	if err := s.prune(ctx, `DELETE FROM user_state_entry WHERE (user_id, key) IN
		(SELECT user_id, key FROM user_state_entry WHERE expires_at > 0 AND expires_at <= ?1 LIMIT ?2)`, now); err != nil {
		return err
	}
	return s.prune(ctx, `DELETE FROM user_state_mutation WHERE (user_id, mutation) IN
		(SELECT user_id, mutation FROM user_state_mutation WHERE mutated_at <= ?1 LIMIT ?2)`, since)
}

// stateMaps writes rows: user, epoch, version, time.
func stateMaps(list []store.StateMap) string {
	b := append(make([]byte, 0, 64*len(list)+2), '[')
	for i := range list {
		m := &list[i]
		b = separate(b, i)
		b = appendText(append(b, '['), m.User)
		b = appendText(append(b, ','), m.Epoch)
		b = strconv.AppendUint(append(b, ','), m.Version, 10)
		b = strconv.AppendInt(append(b, ','), m.At, 10)
		b = append(b, ']')
	}
	return string(append(b, ']'))
}

// stateRows writes rows, those that are there or those that are gone: user, key, value,
// version, times.
func stateRows(list []store.StateRow, gone bool) string {
	b := append(make([]byte, 0, 128*len(list)+2), '[')
	n := 0
	for i := range list {
		r := &list[i]
		if r.Deleted != gone {
			continue
		}
		b = separate(b, n)
		n++
		b = appendText(append(b, '['), r.User)
		b = appendText(append(b, ','), r.Key)
		b = appendText(append(b, ','), r.Value)
		b = strconv.AppendUint(append(b, ','), r.Version, 10)
		b = strconv.AppendInt(append(b, ','), r.UpdatedAt, 10)
		b = strconv.AppendInt(append(b, ','), r.Expires, 10)
		b = append(b, ']')
	}
	return string(append(b, ']'))
}

// stateMutations writes rows: user, mutation, key, version, time.
func stateMutations(list []store.StateMutation) string {
	b := append(make([]byte, 0, 96*len(list)+2), '[')
	for i := range list {
		m := &list[i]
		b = separate(b, i)
		b = appendText(append(b, '['), m.User)
		b = appendText(append(b, ','), m.ID)
		b = appendText(append(b, ','), m.Key)
		b = strconv.AppendUint(append(b, ','), m.Version, 10)
		b = strconv.AppendInt(append(b, ','), m.At, 10)
		b = append(b, ']')
	}
	return string(append(b, ']'))
}
