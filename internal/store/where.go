package store

import "strings"

// Where collects conditions and the values that they name.
type Where struct {
	conditions []string
	Values     map[string]any
}

// And adds a condition.
func (w *Where) And(condition string) { w.conditions = append(w.conditions, condition) }

// With adds a condition that names a value, @name.
func (w *Where) With(name string, value any, condition string) {
	w.Set(name, value)
	w.And(condition)
}

// Set gives a name a value.
func (w *Where) Set(name string, value any) {
	if w.Values == nil {
		w.Values = make(map[string]any)
	}
	w.Values[name] = value
}

func (w *Where) String() string {
	if len(w.conditions) == 0 {
		return "true"
	}
	return strings.Join(w.conditions, " AND ")
}
