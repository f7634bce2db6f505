package report

import "io"

func (r *Report) WriteHTML(w io.Writer) error { return nil }
func (r *Report) WriteLive(w io.Writer) error { return nil }
func LivePage(w io.Writer) error              { return nil }

type Comparison struct{}

func Compare(a, b *Report) *Comparison         { return nil }
func (*Comparison) WriteTable(io.Writer) error { return nil }
func (*Comparison) WriteHTML(io.Writer) error  { return nil }
