package sqlite

import (
	"context"
	"database/sql"
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

// PlanWrites gives the plan of each statement of a flush, of a sweep, and of claims.
func (s *Store) PlanWrites(t *testing.T, plan func(query, line string)) {
	for _, statement := range []string{logClosed, removeRows, addOpened, markReturned, markLeft, addDays, addSums, addOccupancy, addHours,
		readClaims, addClaims, countClaims, forgetClaims, forgetAudience} {
		args := []any{sql.Named("users", "[]"), sql.Named("bonus", "b"), sql.Named("claimed", 1), sql.Named("ended", 0), sql.Named("why", ""), sql.Named("user", "ann"),
			sql.Named("epoch", 1), sql.Named("rows", "[]"), sql.Named("sums", "[]"), sql.Named("points", "[]"), sql.Named("node", "a")}
		if err := explainPlan(s.read, statement, args, func(line string) { plan(statement, line) }); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
