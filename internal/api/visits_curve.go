package api

import (
	"time"

	"throng"
)

const visitsCurveDoc = "Tells how many were here over a time, as points for a chart. Each point is the highest of its part of the period; where nothing was recorded there is none."

type visitsCurveRequest struct {
	Channel string `json:"channel,omitempty" doc:"In this channel. Without it, in all."`
	Node    string `json:"node,omitempty" doc:"On this node. Without it, on all together."`
	span
	Points int `json:"points,omitempty" doc:"The most points in an answer, up to 5,000; 0 is 300."`
}

type visitsCurveResult struct {
	From   int64        `json:"from" doc:"Where the period begins, in milliseconds since 1970."`
	To     int64        `json:"to" doc:"Where it ends."`
	Points []curvePoint `json:"points" doc:"The points, in the order of time."`
}

type curvePoint struct {
	At          int64 `json:"at" doc:"When, in milliseconds since 1970."`
	Connections int64 `json:"connections" doc:"How many connections; those of anonymous clients too."`
	Users       int64 `json:"users" doc:"How many users."`
}

const (
	usualPoints = 300
	maxPoints   = 5000
)

func (c *call) visitsCurve(q *visitsCurveRequest) (*visitsCurveResult, *throng.Error) {
	books, err := c.records()
	if err != nil {
		return nil, err
	}
	where := place{Channel: q.Channel}
	if _, err := where.read(c); err != nil {
		return nil, err
	}
	if q.Points < 0 || q.Points > maxPoints {
		return nil, bad("points: it goes from 0 to %d", maxPoints)
	}
	r := &visitsCurveResult{}
	if r.From, r.To, err = q.span.read(c.opts.Clock.Now(), 24*time.Hour); err != nil {
		return nil, err
	}
	ask := throng.CurveQuery{Channel: q.Channel, Node: q.Node, From: r.From, To: r.To, Points: q.Points}
	if ask.Points == 0 {
		ask.Points = usualPoints
	}
	ctx, cancel := c.wait()
	defer cancel()
	found, failure := books.Curve(ctx, ask)
	if failure != nil {
		return nil, c.bookError(failure, "visits_curve", q.Channel)
	}
	r.Points = make([]curvePoint, 0, len(found))
	for _, o := range found {
		r.Points = append(r.Points, curvePoint{o.At, o.Connections, o.Users})
	}
	return r, nil
}
