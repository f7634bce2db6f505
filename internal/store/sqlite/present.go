package sqlite

import (
	"context"
	"encoding/json"

	"throng"
	"throng/internal/store"
)

// Present says which users were somewhere at a moment.
func (s *Store) Present(ctx context.Context, q throng.PresentQuery) (map[string]bool, error) {
	here := make(map[string]bool)
	if len(q.Users) == 0 {
		return here, nil
	}
	users, err := json.Marshal(store.Texts(q.Users))
	if err != nil {
		return nil, err
	}
	var w store.Where
	w.Set("users", string(users))
	w.Set("channel", store.Text(q.Channel))
	w.Set("kind", q.Kind)
	w.Set("at", store.Moment(q.At))
	// Where a visit ends is not known as long as nobody left; one that began in the very
	// moment counts, however short it is.
	err = s.query(ctx, `SELECT u.value FROM json_each(@users) u WHERE
			EXISTS (SELECT 1 FROM online o CROSS JOIN node_lease l USING (node_epoch)
				WHERE o.channel = @channel AND o.kind = @kind AND o.user_id = u.value AND o.started_at <= @at
				AND (l.state = 0 AND o.left_at IS NULL OR o.started_at = @at OR iif(l.state = 0, o.left_at, `+until+`) > @at))
			OR EXISTS (SELECT 1 FROM visit_log v INDEXED BY visit_log_user
				WHERE v.user_id = u.value AND v.started_at BETWEEN @at - (SELECT milliseconds FROM longest_visit) AND @at
				AND v.channel = @channel AND v.kind = @kind AND (v.ended_at > @at OR v.started_at = @at))`,
		values(&w), func(columns func(...any) error) error {
			var user string
			err := columns(&user)
			here[store.Name(user)] = true
			return err
		})
	return here, err
}
