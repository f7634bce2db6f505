package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"throng"
)

// BenchmarkLook reads 100 live bonuses of 10,000 named users each, with all that they
// have, and as a node does every bonus.look.
func BenchmarkLook(b *testing.B, s throng.Bonuses) {
	ctx := context.Background()
	users := make([]string, claimers)
	for i := range users {
		users[i] = UserNumber(i)
	}
	data, err := json.Marshal(strings.Repeat("x", 1000))
	if err != nil {
		b.Fatal(err)
	}
	for i := range 100 {
		if _, err := s.CreateBonus(ctx, &throng.Bonus{ID: fmt.Sprint("b", i), Data: data, Deadline: 1 << 40, Audience: throng.Audience{Users: users}}); err != nil {
			b.Fatal(err)
		}
	}
	for _, brief := range []bool{false, true} {
		b.Run(fmt.Sprint("brief=", brief), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				page, _, err := s.ListBonuses(ctx, throng.BonusFilter{Live: true, Now: 1, Brief: brief}, throng.Page{Limit: 1000})
				if err != nil || len(page) != 100 {
					b.Fatal(len(page), err)
				}
			}
		})
	}
}
