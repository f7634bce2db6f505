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
	out, err := newTable(w, q.Format)
	if err != nil {
		return err
	}
	select {
	case c.exports <- struct{}{}:
		defer func() { <-c.exports }()
	default:
		return coded(throng.ErrTooManyRequests, "%d exports are under way", maxExports)
	}
	page, next, failure := c.piece(books, f, "")
	if failure != nil {
		return c.bookError(failure, "visits_export", q.Channel)
	}
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // it may take longer than a request may
	defer func() { _ = rc.SetWriteDeadline(time.Time{}) }()
	out.begin(w.Header())
	for {
		_ = rc.SetWriteDeadline(time.Now().Add(exportPatience))
		if !c.write(out, page) || rc.Flush() != nil {
			return nil // nobody is there any more
		}
		if next == "" {
			return nil
		}
		page, next, failure = c.piece(books, f, next)
		if failure != nil {
			_ = c.bookError(failure, "visits_export", q.Channel) // writes it to the log
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

// write writes what the key may know, and reports whether it got through.
func (c *call) write(out table, page []throng.Visit) bool {
	for i := range page {
		if !c.sees(page[i].Channel) {
			continue
		}
		v := c.visit(&page[i])
		if out.row(&v) != nil {
			return false
		}
	}
	return out.flush() == nil
}
