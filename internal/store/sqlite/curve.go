package sqlite

import (
	"context"

	"throng"
	"throng/internal/store"
)

// Curve says how many were here over a time.
func (s *Store) Curve(ctx context.Context, q throng.CurveQuery) (curve []throng.Occupancy, err error) {
	var w store.Where
	w.With("channel", store.Text(q.Channel), "channel = @channel")
	if q.Node != "" {
		w.With("node", store.Text(q.Node), "node_id = @node")
	}
	first := q.From
	if first == 0 {
		if err := s.query(ctx, `SELECT coalesce(min(ts), 0) FROM occupancy WHERE `+w.String(), values(&w), func(columns func(...any) error) error {
			return columns(&first)
		}); err != nil {
			return nil, err
		}
	}
	from, width, hours := store.Parts(first, q.To, s.now(), q.Points)
	if width == 0 {
		return nil, nil
	}
	_, to := store.Period(0, q.To)
	w.With("from", from, "ts >= @from")
	w.With("to", to, "ts < @to")
	w.Set("width", width)
	table := "occupancy"
	if hours {
		table = "occupancy_hour"
	}
	err = s.query(ctx, `SELECT @from + part * @width, sum(connections), sum(users) FROM (
			SELECT (ts - @from) / @width AS part, max(connections) AS connections, max(users) AS users
			FROM `+table+` WHERE `+w.String()+` GROUP BY part, node_id)
		GROUP BY part ORDER BY part`, values(&w), func(columns func(...any) error) error {
		o := throng.Occupancy{Channel: q.Channel, Node: q.Node}
		err := columns(&o.At, &o.Connections, &o.Users)
		curve = append(curve, o)
		return err
	})
	return curve, err
}
