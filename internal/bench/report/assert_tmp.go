package report

import "io"

type Comparison struct{}

func Compare(a, b *Report) *Comparison         { return nil }
func (*Comparison) WriteTable(io.Writer) error { return nil }
func (*Comparison) WriteHTML(io.Writer) error  { return nil }
