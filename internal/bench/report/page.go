package report

import (
	"embed"
	"html/template"
	"io"
	"strings"
)

//go:embed page
var files embed.FS

// pages are parsed once; executing them does not change them.
var pages = template.Must(template.ParseFS(files, "page/page.html"))

// assets are the parts of a page that are the same in all of them.
type assets struct {
	Style         template.CSS
	Readout, Live template.JS
}

func inlined() assets {
	read := func(name string) string {
		b, err := files.ReadFile("page/" + name)
		if err != nil {
			panic(err) // it is part of the binary
		}
		return string(b)
	}
	return assets{template.CSS(read("style.css")), template.JS(read("readout.js")), template.JS(read("live.js"))}
}

// page is the report as the template takes it.
type page struct {
	assets
	Heading  string
	Facts    []fact
	Warnings []string
	Verdicts []judged
	Tiles    []tile
	Timeline []drawing
	Tails    []drawing
	Grids    []sheet
	Command  string
	Scenario string
}

type judged struct {
	Verdict
	Measured string
}

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	p := r.page()
	p.assets = inlined()
	return pages.ExecuteTemplate(w, "page", p)
}

// WriteLive writes what LivePage shows of a run in progress: the same page
// without its frame.
func (r *Report) WriteLive(w io.Writer) error {
	return pages.ExecuteTemplate(w, "body", r.page())
}

// LivePage writes a page that asks for "fragment", beside itself, every second
// and shows it: what WriteLive writes.
func LivePage(w io.Writer) error {
	return pages.ExecuteTemplate(w, "live", page{assets: inlined(), Heading: "Load test in progress"})
}

func (r *Report) page() page {
	p := page{
		Heading: r.heading(), Facts: r.facts(), Warnings: r.Warnings, Tiles: r.tiles(),
		Timeline: drawn(r.timeline()), Tails: drawn(r.tails()),
		Command: quoted(r.Command), Scenario: strings.TrimSpace(r.Scenario),
	}
	for _, v := range r.Asserts {
		p.Verdicts = append(p.Verdicts, judged{v, v.measured()})
	}
	for _, g := range r.grids() {
		p.Grids = append(p.Grids, g.sheet())
	}
	return p
}

// drawn leaves out charts that have nothing to show.
func drawn(charts []chart) []drawing {
	var all []drawing
	for _, c := range charts {
		if d, ok := c.draw(); ok {
			all = append(all, d)
		}
	}
	return all
}

// quoted writes a command so that a shell reads the same words.
func quoted(words []string) string {
	var all []string
	for _, word := range words {
		plain := strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,+@%") == ""
		if word == "" || !plain {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		all = append(all, word)
	}
	return strings.Join(all, " ")
}
