package postgres

import (
	"context"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

// Present says which users were somewhere at a moment. Claims wait for it.
func (s *Store) Present(ctx context.Context, q throng.PresentQuery) (map[string]bool, error) {
	here := make(map[string]bool)
	if len(q.Users) == 0 {
		return here, nil
	}
	// Where a visit ends is not known as long as nobody left; one that began in the very
	// moment counts, however short it is.
	err := s.query(ctx, s.claims, `SELECT u.user_id FROM unnest(@users::text[]) AS u (user_id) WHERE
			EXISTS (SELECT 1 FROM online o JOIN node_lease l USING (node_epoch)
				WHERE o.channel = @channel AND o.kind = @kind AND o.user_id = u.user_id AND o.started_at <= @at
				AND (l.state = 0 AND o.left_at IS NULL OR o.started_at = @at OR CASE l.state WHEN 0 THEN o.left_at ELSE `+until+` END > @at))
			OR EXISTS (SELECT 1 FROM visit_log v WHERE v.user_id = u.user_id AND v.started_at <= @at AND v.ended_at >= @at
				AND v.channel = @channel AND v.kind = @kind AND (v.ended_at > @at OR v.started_at = @at))`,
		pgx.NamedArgs{"users": store.Texts(q.Users), "channel": store.Text(q.Channel), "kind": int16(q.Kind), "at": moment(q.At)},
		func(rows pgx.Rows) error {
			var user string
			err := rows.Scan(&user)
			here[store.Name(user)] = true
			return err
		})
	return here, err
}
