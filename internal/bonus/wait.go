package bonus

import (
	"context"

	"throng"
)

// Await is Claim for who waits. When ctx ends first, the claim goes on: what becomes of it
// can be asked by the same claim.
func (d *Desk) Await(ctx context.Context, c Claim) (throng.Judged, error) {
	type answer struct {
		j   throng.Judged
		err error
	}
	came := make(chan answer, 1)
	d.Claim(c, func(j throng.Judged, err error) { came <- answer{j, err} })
	select {
	case a := <-came:
		return a.j, a.err
	case <-ctx.Done():
		return throng.Judged{}, errAway
	}
}
