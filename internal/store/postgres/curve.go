package postgres

import (
	"context"
	"time"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

// Curve says how many were here over a time.
func (s *Store) Curve(ctx context.Context, q throng.CurveQuery) (curve []throng.Occupancy, err error) {
	var w store.Where
	w.Set("skew", s.skew())
	w.With("channel", store.Text(q.Channel), "channel = @channel")
	if q.Node != "" {
		w.With("node", store.Text(q.Node), "node_id = @node")
	}
	var now time.Time
	var earliest *time.Time
	if err := s.query(ctx, s.people, `SELECT `+present+`, (SELECT min(ts) FROM occupancy WHERE `+w.String()+`)`, w.Values,
		func(rows pgx.Rows) error { return rows.Scan(&now, &earliest) }); err != nil {
		return nil, err
	}
	first := q.From
	if first == 0 {
		first = millis(earliest)
	}
	from, width, hours := store.Parts(first, q.To, now.UnixMilli(), q.Points)
	if width == 0 || earliest == nil {
		return nil, nil
	}
	_, to := store.Period(0, q.To)
	w.With("from", moment(from), "ts >= @from")
	w.With("to", moment(to), "ts < @to")
	w.Set("width", width)
	table := "occupancy"
	if hours {
		table = "occupancy_hour"
	}
	err = s.query(ctx, s.people, `SELECT part, sum(connections)::bigint, sum(users)::bigint FROM (
			SELECT div(extract(epoch FROM ts - @from::timestamptz) * 1000, @width)::bigint AS part, max(connections) AS connections, max(users) AS users
			FROM `+table+` WHERE `+w.String()+` GROUP BY part, node_id) nodes
		GROUP BY part ORDER BY part`, w.Values, func(rows pgx.Rows) error {
		o := throng.Occupancy{Channel: q.Channel, Node: q.Node}
		var part int64
		err := rows.Scan(&part, &o.Connections, &o.Users)
		o.At = from + part*width
		curve = append(curve, o)
		return err
	})
	return curve, err
}
