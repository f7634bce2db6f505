package dashboard

import "net/http"

// operatorPolicy allows the page what it needs: its own files, and the API beside it.
const operatorPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Operator serves the page for operators at / and its files beside it. It holds
// nothing that is secret: what it shows it asks from the server's API, at ../api/,
// with the key that the operator types.
func Operator() http.Handler {
	pages := pagesOf("operator")
	for _, name := range []string{"element.js", "icon.svg"} {
		pages["/"+name] = pageOf("demo", name)
	}
	return serve(pages, operatorPolicy)
}
