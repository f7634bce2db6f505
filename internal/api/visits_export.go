package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"throng"
)

const visitsExportDoc = "Writes all visits that match, as CSV or as JSON lines, piece by piece: however many they are, neither side has to hold them. It can be a GET too, with the members as parameters of the URL. The result is not JSON with result around, so errors have HTTP statuses of their own: 400 (107), 403 (103), 429 (111), 501 (108), 500. If it fails on its way, the answer is cut off, which every HTTP client notices."

type visitsExportRequest struct {
	visitFilter
	Format string `json:"format,omitempty" doc:"csv (the default) or jsonl, a JSON object in each line."`
}

const (
	exportPiece = 1000
	// exportPatience is how long a client may take for a piece.
	exportPatience = 30 * time.Second
	// maxExports is how many may be under way: each holds a piece, and keeps the store
	// busy.
	maxExports = 4
)

// exportMethod is the one whose answer streams. Batches can't have it.
func exportMethod() Method {
	return Method{
		Name: "visits_export", Doc: visitsExportDoc,
		Request: reflect.TypeFor[visitsExportRequest](), Result: reflect.TypeFor[visit](),
		stream: func(c *call, w http.ResponseWriter, body []byte) *throng.Error {
			q := new(visitsExportRequest)
			if err := decode(body, q); err != nil {
				return err
			}
			return c.export(w, q)
		},
	}
}

// errCutOff is the error of a stream that failed behind its first byte.
var errCutOff = &throng.Error{Code: throng.ErrInternal.Code, Message: "cut off"}

// stream answers a request with a method's stream, or with what is wrong.
func (a *API) stream(w http.ResponseWriter, c *call, m *Method, body []byte) {
	err := c.key.may(m)
	if err == nil {
		err = m.stream(c, w, body)
	}
	a.count(m, err)
	switch err {
	case nil:
	case errCutOff: // so that half of it does not look like the whole
		panic(http.ErrAbortHandler)
	default:
		a.send(w, statusOf(err), appendAnswer(nil, nil, err))
	}
}

// statusOf is the HTTP status of an error where the answer has no room for it.
func statusOf(e *throng.Error) int {
	switch e.Code {
	case throng.ErrPermissionDenied.Code:
		return http.StatusForbidden
	case throng.ErrNotAvailable.Code:
		return http.StatusNotImplemented
	case throng.ErrTooManyRequests.Code:
		return http.StatusTooManyRequests
	case throng.ErrInternal.Code:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// export writes visits until there are no more, or the client is gone.
func (c *call) export(w http.ResponseWriter, q *visitsExportRequest) *throng.Error {
	books, err := c.records()
	if err != nil {
		return err
	}
	f, err := q.visitFilter.read(c)
	if err != nil {
		return err
	}
	out, err := newTable(w, q.Format, "visits", visitHeading)
	if err != nil {
		return err
	}
	return c.pour(w, out, func(cursor string) ([]line, string, *throng.Error) {
		page, next, failure := c.piece(books, f, cursor)
		if failure != nil {
			return nil, "", c.bookError(failure, "visits_export", q.Channel)
		}
		return c.lines(page), next, nil
	})
}

// pour writes the pieces that next reads until there are no more, or the client is gone.
// next writes what fails to the log.
func (c *call) pour(w http.ResponseWriter, out table, next func(cursor string) ([]line, string, *throng.Error)) *throng.Error {
	select {
	case c.exports <- struct{}{}:
		defer func() { <-c.exports }()
	default:
		return coded(throng.ErrTooManyRequests, "%d exports are under way", maxExports)
	}
	rows, cursor, err := next("")
	if err != nil {
		return err
	}
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // it may take longer than a request may
	defer func() { _ = rc.SetWriteDeadline(time.Time{}) }()
	out.begin(w.Header())
	for {
		_ = rc.SetWriteDeadline(time.Now().Add(exportPatience))
		if !write(out, rows) || rc.Flush() != nil {
			return nil // nobody is there any more
		}
		if cursor == "" {
			return nil
		}
		if rows, cursor, err = next(cursor); err != nil {
			return errCutOff
		}
	}
}

// piece reads the next visits.
func (c *call) piece(books throng.Records, f throng.VisitFilter, cursor string) ([]throng.Visit, string, error) {
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	return books.Sessions(ctx, f, throng.Page{Cursor: cursor, Limit: exportPiece})
}

// lines are the visits of a page that the key may know.
func (c *call) lines(page []throng.Visit) []line {
	rows := make([]line, 0, len(page))
	for i := range page {
		if c.sees(page[i].Channel) {
			v := c.visit(&page[i])
			rows = append(rows, &v)
		}
	}
	return rows
}

// write writes lines, and reports whether they got through.
func write(out table, rows []line) bool {
	for _, l := range rows {
		if out.row(l) != nil {
			return false
		}
	}
	return out.flush() == nil
}
