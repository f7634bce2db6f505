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

// PlanWrites gives the plan of each statement of a flush, and of a sweep.
func (s *Store) PlanWrites(t *testing.T, plan func(query, line string)) {
	for _, statement := range []string{logClosed, removeRows, addOpened, markReturned, markLeft, addDays, addSums, addOccupancy, addHours} {
		args := []any{sql.Named("epoch", 1), sql.Named("rows", "[]"), sql.Named("sums", "[]"), sql.Named("points", "[]"), sql.Named("node", "a")}
		if err := explainPlan(s.read, statement, args, func(line string) { plan(statement, line) }); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
