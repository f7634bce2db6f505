package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// asking are the flags of commands that ask a running server, by its API.
type asking struct {
	API  string `name:"api" help:"Where the server's internal listener is; also in THRONG_API_URL. By default http://127.0.0.1:9000." placeholder:"URL"`
	Key  string `help:"The key of the API; better in THRONG_API_KEY, where nobody sees it. By default the one of development." placeholder:"KEY"`
	JSON bool   `name:"json" help:"The answer as JSON."`
}

const (
	defaultAPI = "http://127.0.0.1:9000"
	defaultKey = "dev"
	askTimeout = 20 * time.Second
	// maxReply is the largest answer that is read.
	maxReply = 64 << 20
)

// askError is a call that did not work, and what to do about it.
type askError struct {
	msg, hint string
}

func (e *askError) Error() string { return e.msg }

// variable returns the value that an environment's variable has.
func variable(env []string, name string) (value string) {
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			value = v
		}
	}
	return value
}

// address is where a method is.
func (a *asking) address(r *run, method string) (string, error) {
	base := firstOf(a.API, variable(r.env, "THRONG_API_URL"), defaultAPI)
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", wrongUse(fmt.Errorf("%q is not the address of a server", base), "write --api http://127.0.0.1:9000")
	}
	return strings.TrimSuffix(strings.TrimSuffix(base, "/"), "/api") + "/api/" + method, nil
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// call asks for a method; result is what is under "result".
func (a *asking) call(r *run, method string, request any) (result json.RawMessage, err error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	answer, err := a.post(r, method, body)
	if err != nil {
		return nil, err
	}
	return resultOf(answer)
}

// resultOf takes an answer apart.
func resultOf(answer []byte) (json.RawMessage, error) {
	var reply struct {
		Result json.RawMessage
		Error  *struct {
			Code    int
			Message string
		}
	}
	if err := json.Unmarshal(answer, &reply); err != nil {
		return nil, &askError{"the answer is not JSON: is there a throng at that address?", ""}
	}
	if e := reply.Error; e != nil {
		return nil, &askError{fmt.Sprintf("%s (%d)", e.Message, e.Code), hintForCode(e.Code, e.Message)}
	}
	return reply.Result, nil
}

func hintForCode(code int, message string) string {
	switch code {
	case 102:
		if strings.HasSuffix(message, "unknown bonus") {
			return "`throng bonus list` has them"
		}
		return "channels are in namespaces: what stands before the first colon must be configured"
	case 103:
		return "the key's table [[api_key]] says what it may"
	case 104:
		return "docs/api.md has the methods"
	}
	return ""
}

// post makes the request and returns an answer that came with 200 or is JSON.
func (a *asking) post(r *run, method string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	res, err := a.send(ctx, r, method, body)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil {
		return nil, unreached(res.Request.URL.String(), err)
	}
	return answer, refusal(res, answer)
}

// stream makes the request and copies what comes, however much that is and however
// long it takes.
func (a *asking) stream(r *run, method string, body []byte) error {
	res, err := a.send(context.Background(), r, method, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		answer, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
		if err == nil {
			err = refusal(res, answer)
		}
		if err == nil {
			_, err = resultOf(answer)
		}
		return err
	}
	n, err := io.Copy(r.stdout, res.Body)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &askError{fmt.Sprintf("the answer broke off after %d bytes: it is not whole", n), "the server's log says why"}
	}
	return err
}

// send makes the request; the answer must begin in time.
func (a *asking) send(ctx context.Context, r *run, method string, body []byte) (*http.Response, error) {
	address, err := a.address(r, method)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-API-Key", firstOf(a.Key, variable(r.env, "THRONG_API_KEY"), defaultKey))
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: askTimeout,
	}}
	res, err := client.Do(req)
	if err != nil {
		return nil, unreached(address, err)
	}
	return res, nil
}

// unreached says that there was no answer. The error has the address already.
func unreached(address string, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return &askError{fmt.Sprintf("no answer from %s: %v", address, err),
		"is the server running? The API is on its internal listener; say where with --api or THRONG_API_URL"}
}

func refusal(res *http.Response, answer []byte) error {
	switch {
	case res.StatusCode == http.StatusOK || json.Valid(answer) && len(answer) > 0:
		return nil
	case res.StatusCode == http.StatusUnauthorized:
		return &askError{"the server does not know the key", "give it with THRONG_API_KEY or --key; serve --dev has the key dev"}
	case res.StatusCode == http.StatusNotFound:
		return &askError{"there is no server API at " + res.Request.URL.String(),
			"it is there when a key is configured ([api] key), on the internal listener, or with api.public on the public ones"}
	}
	return &askError{fmt.Sprintf("the server answers %s: %.200s", res.Status, bytes.TrimSpace(answer)), ""}
}

// write writes JSON with indents.
func write(r *run, answer json.RawMessage) error {
	var b bytes.Buffer
	if json.Indent(&b, bytes.TrimSpace(answer), "", "  ") != nil {
		b.Reset()
		b.Write(answer)
	}
	_, err := fmt.Fprintln(r.stdout, b.String())
	return err
}
