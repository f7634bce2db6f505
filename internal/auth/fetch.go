package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// fetcher gets a key set over HTTP.
type fetcher struct {
	url    string
	client *http.Client
}

const (
	fetchTimeout = 10 * time.Second
	maxSet       = 1 << 20 // bytes
	maxRedirects = 5
)

func newFetcher(u *url.URL) fetcher {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true // it is used once in minutes
	return fetcher{u.String(), &http.Client{Transport: t, Timeout: fetchTimeout, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return errors.New("too many redirects")
		}
		if r.URL.Scheme != u.Scheme {
			return fmt.Errorf("it redirects from %s to %.10q", u.Scheme, r.URL.Scheme)
		}
		return nil
	}}}
}

// get returns the body. Errors don't name the URL, which may have a password in it.
func (f fetcher) get(ctx context.Context) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return nil, errors.New("the URL can't be asked")
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := f.client.Do(r)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxSet+1))
	if err == nil && len(body) > maxSet {
		err = fmt.Errorf("it has more than %d bytes", maxSet)
	}
	return body, err
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
