package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"testing"
)

// Plans makes the store give the plan of each question to plan, line by line.
func (s *Store) Plans(t *testing.T, plan func(query, line string)) {
	s.asked = func(query string, args []any) {
		err := explainPlan(s.read, query, args, func(line string) { plan(query, line) })
		if err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func explainPlan(db *sql.DB, query string, args []any, line func(string)) error {
	rows, err := db.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return err
		}
		line(detail)
	}
	return rows.Err()
}

// PlanSweep gives the plans of what a sweep asks.
func (s *Store) PlanSweep(t *testing.T, plan func(line string)) {
	for _, query := range []string{endOfPiece, deadOfPiece} {
		if err := explainPlan(s.read, query, make([]any, strings.Count(query, "?")), plan); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// PlanWrites gives the plan of each statement of a flush, and of claims.
func (s *Store) PlanWrites(t *testing.T, plan func(query, line string)) {
	for _, statement := range []string{logClosed, removeClosed, addOpened, markLeft, addSum, addOccupancy, addHour,
		readClaims, addClaim, countClaims, forgetClaims, forgetAudience} {
		args := make([]any, strings.Count(statement, "?"))
		if err := explainPlan(s.read, statement, args, func(line string) { plan(statement, line) }); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
