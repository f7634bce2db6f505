package postgres

import (
	"context"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

var _ throng.UserStates = (*Store)(nil)

const (
	mapsOfRows = `unnest(@users::text[], @epochs::text[], @from::bigint[], @versions::bigint[], @times::bigint[])
		AS m (user_id, epoch, since, version, updated_at)`
	// The maps first: their rows are the locks of all that is theirs. A statement behind
	// it sees what those wrote that it waited for.
	lockMaps = `SELECT 1 FROM user_state WHERE user_id = ANY (@users::text[]) ORDER BY user_id FOR UPDATE`
	// Each changes a row only if the map is where its changes go on from; a conflict
	// waits for whoever inserts the same row.
	beginMaps = `INSERT INTO user_state (user_id, epoch, version, updated_at)
		SELECT user_id, epoch, version, updated_at FROM ` + mapsOfRows + ` ORDER BY user_id ON CONFLICT DO NOTHING RETURNING user_id`
	moveMaps = `UPDATE user_state s SET version = m.version, updated_at = m.updated_at FROM ` + mapsOfRows + `
		WHERE s.user_id = m.user_id AND s.epoch = m.epoch AND s.version = m.since RETURNING s.user_id`
	rowsOfState = `unnest(@users::text[], @keys::text[], @values::text[], @versions::bigint[], @times::bigint[], @expires::bigint[])
		AS r (user_id, key, value, version, updated_at, expires_at)`
	setEntries = `INSERT INTO user_state_entry (user_id, key, value, version, updated_at, expires_at)
		SELECT user_id, key, value, version, updated_at, expires_at FROM ` + rowsOfState + `
		ON CONFLICT (user_id, key) DO UPDATE SET value = excluded.value, version = excluded.version,
			updated_at = excluded.updated_at, expires_at = excluded.expires_at`
	removeEntries = `DELETE FROM user_state_entry e USING ` + rowsOfState + ` WHERE e.user_id = r.user_id AND e.key = r.key`
	addMutations  = `INSERT INTO user_state_mutation (user_id, mutation, key, version, mutated_at)
		SELECT * FROM unnest(@users::text[], @ids::text[], @keys::text[], @versions::bigint[], @times::bigint[])`
	forgetMutations = `DELETE FROM user_state_mutation u USING unnest(@users::text[], @remembered::bigint[]) AS m (user_id, remembered)
		WHERE u.user_id = m.user_id AND u.version < m.remembered`
)

// SaveStates writes changes of users' maps. A COMMIT whose answer was lost may come late:
// the maps' rows make these changes wait for it, and see that they go on from something
// else.
func (s *Store) SaveStates(ctx context.Context, changes []throng.StateChange) error {
	if len(changes) == 0 {
		return nil
	}
	c, err := store.NewStateChanges(changes)
	if err != nil {
		return err
	}
	set, gone := c.Split()
	begun, on := c.Begun()
	return s.transact(ctx, s.nodes, func(tx pgx.Tx) error {
		b, check := new(pgx.Batch), whereabouts(c, min(len(on), 1)+min(len(begun), 1))
		if len(on) > 0 {
			maps := stateMaps(on)
			b.Queue(lockMaps, pgx.NamedArgs{"users": maps["users"]})
			b.Queue(moveMaps, maps).Query(check)
		}
		if len(begun) > 0 {
			b.Queue(beginMaps, stateMaps(begun)).Query(check)
		}
		if len(set) > 0 {
			b.Queue(setEntries, stateRows(set))
		}
		if len(gone) > 0 {
			b.Queue(removeEntries, stateRows(gone))
		}
		if forgetful := c.Forgetful(); len(forgetful) > 0 {
			b.Queue(forgetMutations, stateMaps(forgetful))
		}
		if len(c.Mutations) > 0 {
			b.Queue(addMutations, stateMutations(c.Mutations))
		}
		return tx.SendBatch(ctx, b).Close()
	})
}

// whereabouts takes whose maps so many statements changed. The last one fails if that are
// not all, and what comes behind it in a batch with it.
func whereabouts(c *store.StateChanges, statements int) func(pgx.Rows) error {
	there := make([]string, 0, len(c.Maps))
	return func(rows pgx.Rows) (err error) {
		if there, err = pgx.AppendRows(there, rows, pgx.RowTo[string]); err != nil {
			return err
		}
		if statements--; statements > 0 {
			return nil
		}
		return store.Moved(c.Without(there))
	}
}

// LoadState reads what there is of a user, at one moment.
func (s *Store) LoadState(ctx context.Context, user string, now, since int64, most int) (st throng.UserState, made []throng.Mutation, err error) {
	// One statement is one view of the database.
	const query = `SELECT 0, epoch, '', version, updated_at, 0 FROM user_state WHERE user_id = @user
		UNION ALL SELECT 1, key, value, version, updated_at, expires_at FROM user_state_entry
			WHERE user_id = @user AND (expires_at = 0 OR expires_at > @now)
		UNION ALL (SELECT 2, mutation, key, version, mutated_at, 0 FROM user_state_mutation
			WHERE user_id = @user AND mutated_at > @since ORDER BY version DESC LIMIT @most)`
	args := pgx.NamedArgs{"user": store.Text(user), "now": now, "since": since, "most": most}
	err = s.query(ctx, s.nodes, query, args, func(rows pgx.Rows) error {
		var kind int
		var r store.StateRow
		var version int64
		if err := rows.Scan(&kind, &r.Key, &r.Value, &version, &r.UpdatedAt, &r.Expires); err != nil {
			return err
		}
		r.Version = uint64(version)
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

// ForgetState removes a user's map.
func (s *Store) ForgetState(ctx context.Context, user string) error {
	text := store.Text(user)
	return s.transact(ctx, s.nodes, func(tx pgx.Tx) error { return forgetMap(ctx, tx, text) })
}

// forgetMap removes a user's map. Who begins one in a transaction that is not over has a
// row that can't be seen yet: inserting it too waits for that.
func forgetMap(ctx context.Context, tx pgx.Tx, user string) error {
	b := new(pgx.Batch)
	b.Queue(`INSERT INTO user_state (user_id, epoch, version, updated_at) VALUES ($1, '', 0, 0) ON CONFLICT DO NOTHING`, user)
	b.Queue(`DELETE FROM user_state WHERE user_id = $1`, user)
	b.Queue(`DELETE FROM user_state_entry WHERE user_id = $1`, user)
	b.Queue(`DELETE FROM user_state_mutation WHERE user_id = $1`, user)
	return tx.SendBatch(ctx, b).Close()
}

// PruneStates removes what nobody asks for any more, piece by piece.
func (s *Store) PruneStates(ctx context.Context, expired, since int64) error {
	if err := s.pruneBefore(ctx, `DELETE FROM user_state_entry WHERE (user_id, key) IN
		(SELECT user_id, key FROM user_state_entry WHERE expires_at > 0 AND expires_at <= $1 ORDER BY user_id, key LIMIT $2)`, expired); err != nil {
		return err
	}
	return s.pruneBefore(ctx, `DELETE FROM user_state_mutation WHERE (user_id, version) IN
		(SELECT user_id, version FROM user_state_mutation WHERE mutated_at <= $1 ORDER BY user_id, version LIMIT $2)`, since)
}

// stateMaps are maps as arrays.
func stateMaps(list []store.StateMap) pgx.NamedArgs {
	n := len(list)
	users, epochs := make([]string, n), make([]string, n)
	from, versions, remembered, times := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i := range list {
		m := &list[i]
		users[i], epochs[i], from[i], versions[i], times[i] = m.User, m.Epoch, int64(m.From), int64(m.Version), m.At
		remembered[i] = int64(m.Remembered)
	}
	return pgx.NamedArgs{"users": users, "epochs": epochs, "from": from, "versions": versions, "times": times, "remembered": remembered}
}

// stateRows are keys as arrays.
func stateRows(list []store.StateRow) pgx.NamedArgs {
	n := len(list)
	users, keys, values := make([]string, n), make([]string, n), make([]string, n)
	versions, times, expires := make([]int64, n), make([]int64, n), make([]int64, n)
	for i := range list {
		r := &list[i]
		users[i], keys[i], values[i] = r.User, r.Key, r.Value
		versions[i], times[i], expires[i] = int64(r.Version), r.UpdatedAt, r.Expires
	}
	return pgx.NamedArgs{"users": users, "keys": keys, "values": values, "versions": versions, "times": times, "expires": expires}
}

// stateMutations are changes as arrays.
func stateMutations(list []store.StateMutation) pgx.NamedArgs {
	n := len(list)
	users, ids, keys := make([]string, n), make([]string, n), make([]string, n)
	versions, times := make([]int64, n), make([]int64, n)
	for i := range list {
		m := &list[i]
		users[i], ids[i], keys[i], versions[i], times[i] = m.User, m.ID, m.Key, int64(m.Version), m.At
	}
	return pgx.NamedArgs{"users": users, "ids": ids, "keys": keys, "versions": versions, "times": times}
}
