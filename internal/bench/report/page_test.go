package report_test

import (
	"os"
	"testing"

	"throng/internal/bench/report"
)

func TestLook(t *testing.T) {
	f, err := os.Create(os.Getenv("LOOK"))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	if err := usual().WriteHTML(f); err != nil {
		t.Fatal(err)
	}
	g, _ := os.Create(os.Getenv("LOOK") + ".compare.html")
	defer g.Close()
	b := synthetic(shape{Samples: 60, Server: true, Slower: 1.3})
	b.Machine.Cores = 4
	b.Phases = b.Phases[:3]
	c := report.Compare(usual(), b)
	if err := c.WriteHTML(g); err != nil {
		t.Fatal(err)
	}
	c.WriteTable(os.Stdout)
}
