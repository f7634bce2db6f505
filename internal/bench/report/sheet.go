package report

import "unicode/utf8"

// sheet is a grid as the template takes it.
type sheet struct {
	Title   string
	Columns []column
	Rows    [][]cell
}

type cell struct {
	Text  string
	Head  bool // names the row
	Class string
}

func (g grid) sheet() sheet {
	s := sheet{Title: g.Title, Columns: g.Columns}
	for _, row := range g.Rows {
		var cells []cell
		for i, text := range row {
			c := cell{Text: text, Head: i == 0 && g.Columns[0].Text}
			if g.Columns[i].Text {
				c.Class = "text"
			}
			if utf8.RuneCountInString(text) > 36 {
				c.Class += " long"
			}
			switch text { // the words for it, everywhere in reports
			case wordOK, wordBetter:
				c.Class += " good"
			case wordFailed, wordWorse:
				c.Class += " bad"
			}
			cells = append(cells, c)
		}
		s.Rows = append(s.Rows, cells)
	}
	return s
}

// What is said of figures in a column of their own.
const (
	wordOK     = "ok"
	wordFailed = "FAILED"
	wordBetter = "better"
	wordWorse  = "WORSE"
)
