package gateway_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"throng/internal/auth"
	"throng/internal/gateway/gatewaytest"
)

// issuer publishes keys; an answer waits until the test lets it go.
type issuer struct {
	*httptest.Server
	asked atomic.Int64
	mu    sync.Mutex
	keys  string
	hold  chan struct{}
}

func newIssuer(t *testing.T) *issuer {
	is := &issuer{}
	is.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		is.asked.Add(1)
		is.mu.Lock()
		keys, hold := is.keys, is.hold
		is.mu.Unlock()
		if hold != nil {
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		}
		fmt.Fprintf(w, `{"keys":[%s]}`, keys)
	}))
	t.Cleanup(is.Close)
	return is
}

func (is *issuer) set(keys string, hold chan struct{}) {
	is.mu.Lock()
	defer is.mu.Unlock()
	is.keys, is.hold = keys, hold
}

// newKey makes a key of that name: who signs with it, and what is published of it.
func newKey(t *testing.T, id string) (*auth.Signer, string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := auth.ReadSigner(path, "")
	if err != nil {
		t.Fatal(err)
	}
	point, err := k.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return s.Named(id), fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":%q,"x":%q,"y":%q}`, id, b64(point[1:33]), b64(point[33:]))
}

// TestTokenKeyIsFetched: who comes with a key that is being fetched waits at the
// door and then gets in, on a WebSocket and on long-poll; others are not held up,
// and the issuer is asked once.
func TestTokenKeyIsFetched(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		is := newIssuer(t)
		hold := make(chan struct{})
		signer, jwk := newKey(t, "k1")
		stranger, _ := newKey(t, "k2")
		is.set(jwk, hold)
		o := gatewaytest.Options(kind)
		o.Config.Auth.JWKSURL, o.Config.Auth.JWKSRefresh, o.Config.Auth.HMACSecret = is.URL, time.Hour, "0123456789abcdef0123456789abcdef"
		s := gatewaytest.Start(t, o)
		sign := func(signer *auth.Signer) string {
			token, err := signer.Sign(auth.Claims{User: "ann"})
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		token := sign(signer)
		var waiting []*gatewaytest.Client
		for range 20 {
			c := gatewaytest.Dial(t, s.Addr())
			c.Raw(gatewaytest.Handshake("/socket/websocket?vsn=2.0.0&token=" + token))
			waiting = append(waiting, c)
		}
		polled := make(chan *poller, 1)
		go func() {
			p := newPoller(t, s)
			p.head.Set("X-Phoenix-AuthToken", token)
			p.open()
			polled <- p
		}()
		known, err := auth.NewSigner([]byte(o.Config.Auth.HMACSecret), "")
		if err != nil {
			t.Fatal(err)
		}
		gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn=2.0.0&token="+sign(known)).Bye()
		close(hold)
		for _, c := range waiting {
			c.Upgraded()
			c.Bye()
		}
		(<-polled).http.CloseIdleConnections()
		c := gatewaytest.Dial(t, s.Addr())
		c.Raw(gatewaytest.Handshake("/socket/websocket?vsn=2.0.0&token=" + sign(stranger)))
		if status, _, _ := c.Response("GET"); status != 403 {
			t.Errorf("an unknown key: %d", status)
		}
		if n := is.asked.Load(); n != 1 {
			t.Errorf("the issuer was asked %d times", n)
		}
	})
}

// TestTokenIssuerDown: while the keys were never fetched, clients are told to come
// back.
func TestTokenIssuerDown(t *testing.T) {
	is := newIssuer(t)
	is.Close()
	signer, _ := newKey(t, "k1")
	o := gatewaytest.Options("auto")
	o.Config.Auth.JWKSURL, o.Config.Auth.JWKSRefresh = is.URL, time.Hour
	s := gatewaytest.Start(t, o)
	token, err := signer.Sign(auth.Claims{User: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	c := gatewaytest.Dial(t, s.Addr())
	c.Raw(gatewaytest.Handshake("/socket/websocket?vsn=2.0.0&token=" + token))
	if status, head, _ := c.Response("GET"); status != 503 || head.Get("Retry-After") == "" {
		t.Errorf("%d %v", status, head)
	}
}
