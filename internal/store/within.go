package store

import (
	"strconv"
	"strings"

	"throng"
)

// Within is the condition that a channel, in a column of names as Text writes them, is
// of one of these namespaces, or the service; it names values. A name that is digits as
// a whole begins with no namespace: it is of none.
func (w *Where) Within(namespaces []string, column string) string {
	either := []string{column + ` = ''`}
	for i, ns := range namespaces {
		name := "namespace" + strconv.Itoa(i)
		w.Set(name, Text(ns)+":")
		value := `CAST(@` + name + ` AS text)`
		either = append(either, `substr(`+column+`, 1, length(`+value+`)) = `+value)
		if ns == throng.DefaultNamespace {
			either = append(either, column+` NOT LIKE '%:%' AND substr(`+column+`, 1, 2) <> '\X'`)
		}
	}
	return "(" + strings.Join(either, " OR ") + ")"
}
