package store

import (
	"context"

	"throng"
)

// CreateBonus implements throng.Bonuses.
func (l *Later) CreateBonus(ctx context.Context, b *throng.Bonus) (throng.Bonus, error) {
	s, err := l.now()
	if err != nil {
		return throng.Bonus{}, err
	}
	return s.CreateBonus(ctx, b)
}

// Bonus implements throng.Bonuses.
func (l *Later) Bonus(ctx context.Context, id string) (throng.Bonus, error) {
	s, err := l.now()
	if err != nil {
		return throng.Bonus{}, err
	}
	return s.Bonus(ctx, id)
}

// ListBonuses implements throng.Bonuses.
func (l *Later) ListBonuses(ctx context.Context, f throng.BonusFilter, p throng.Page) ([]throng.Bonus, string, error) {
	s, err := l.now()
	if err != nil {
		return nil, "", err
	}
	return s.ListBonuses(ctx, f, p)
}

// EndBonus implements throng.Bonuses.
func (l *Later) EndBonus(ctx context.Context, id string, at int64, why throng.BonusEnd) (throng.Bonus, error) {
	s, err := l.now()
	if err != nil {
		return throng.Bonus{}, err
	}
	return s.EndBonus(ctx, id, at, why)
}

// Claims implements throng.Bonuses.
func (l *Later) Claims(ctx context.Context, bonus string, claims []throng.Claim) ([]throng.Judged, throng.Bonus, error) {
	s, err := l.now()
	if err != nil {
		return nil, throng.Bonus{}, err
	}
	return s.Claims(ctx, bonus, claims)
}

// ListClaims implements throng.Bonuses.
func (l *Later) ListClaims(ctx context.Context, f throng.ClaimFilter, p throng.Page) ([]throng.Claim, string, error) {
	s, err := l.now()
	if err != nil {
		return nil, "", err
	}
	return s.ListClaims(ctx, f, p)
}

// ForgetClaims implements throng.Bonuses.
func (l *Later) ForgetClaims(ctx context.Context, user string) (int64, error) {
	s, err := l.now()
	if err != nil {
		return 0, err
	}
	return s.ForgetClaims(ctx, user)
}

// PruneBonuses implements throng.Bonuses.
func (l *Later) PruneBonuses(ctx context.Context, before int64) error {
	s, err := l.now()
	if err != nil {
		return err
	}
	return s.PruneBonuses(ctx, before)
}
