package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"throng/internal/auth"
	"throng/internal/server"
)

type tokenCommand struct {
	Make    tokenMakeCommand    `cmd:"" help:"Make a token, to try things out. In production your backend does."`
	Explain tokenExplainCommand `cmd:"" help:"Show what a token says, and whether the server would accept it."`
}

type tokenMakeCommand struct {
	settings
	Dev        bool          `help:"As serve --dev would take the configuration."`
	User       string        `help:"Who the client is; nobody without." placeholder:"ID"`
	TTL        time.Duration `help:"How long the token is valid; 0 for ever." default:"1h" name:"ttl"`
	Channel    string        `help:"Make a subscription token for this channel." placeholder:"NAME"`
	Channels   []string      `help:"Channels that the client is subscribed to when it connects." placeholder:"NAME,…"`
	Publish    bool          `help:"With --channel: give the right to publish too."`
	Info       string        `help:"What other clients may see of this one, JSON." placeholder:"JSON"`
	Meta       string        `help:"What only backends see, JSON." placeholder:"JSON"`
	JTI        bool          `help:"Give the token an id to be revoked by." name:"jti"`
	SecretFile string        `help:"Sign with the secret in this file instead of the configuration's." placeholder:"FILE" type:"path"`
	Key        string        `help:"Sign with the private key in this PEM file." placeholder:"FILE" type:"path"`
	Alg        string        `help:"Algorithm; by default that of the key, HS256 with a secret." placeholder:"NAME"`
	Kid        string        `help:"What the token calls the key." placeholder:"NAME"`
}

// Run implements the command.
func (c *tokenMakeCommand) Run(r *run) error {
	cfg, err := c.load(r, c.Dev)
	if err != nil {
		return err
	}
	signer, err := c.signer(server.AuthOptions(cfg))
	if err != nil {
		return err
	}
	claims, err := c.claims()
	if err != nil {
		return err
	}
	claims.Issuer = cfg.Auth.Issuer
	if len(cfg.Auth.Audience) > 0 {
		claims.Audience = cfg.Auth.Audience[:1]
	}
	token, err := signer.Sign(claims)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(r.stdout, token)
	return err
}

// signer finds what to sign with: what is given, or the configuration's secret.
func (c *tokenMakeCommand) signer(o auth.Options) (s *auth.Signer, err error) {
	if c.Key != "" && c.SecretFile != "" {
		return nil, wrongUse(errors.New("both --key and --secret-file are given"), "a token is signed once")
	}
	if c.Key != "" {
		s, err = auth.ReadSigner(c.Key, c.Alg)
	} else {
		if c.SecretFile != "" {
			o = auth.Options{SecretFile: c.SecretFile}
		}
		var secret []byte
		if secret, err = auth.ReadSecret(o); err == nil && secret == nil {
			return nil, wrongUse(errors.New("there is nothing to sign with"), "configure auth.hmac_secret, or give --secret-file or --key")
		}
		if err == nil {
			s, err = auth.NewSigner(secret, c.Alg)
		}
	}
	if err != nil {
		return nil, err
	}
	return s.Named(c.Kid), nil
}

// claims are what the flags say.
func (c *tokenMakeCommand) claims() (*auth.Claims, error) {
	switch {
	case c.Channel != "" && len(c.Channels) > 0:
		return nil, wrongUse(errors.New("both --channel and --channels are given"), "--channel makes a subscription token, --channels belong in a connection token")
	case c.Publish && c.Channel == "":
		return nil, wrongUse(errors.New("--publish without --channel"), "in a connection token the claim subs gives that right")
	case c.TTL < 0:
		return nil, wrongUse(errors.New("--ttl is negative"), "0 makes a token that never expires")
	}
	now := time.Now()
	claims := &auth.Claims{User: c.User, Channel: c.Channel, Channels: c.Channels, Publish: c.Publish, Issued: now.Unix()}
	if c.TTL > 0 {
		claims.Expires = now.Add(c.TTL).Unix()
	}
	if c.JTI {
		claims.TokenID = rand.Text()
	}
	for _, j := range []struct {
		flag, text string
		to         *json.RawMessage
	}{{"--info", c.Info, &claims.Info}, {"--meta", c.Meta, &claims.Meta}} {
		if j.text == "" {
			continue
		}
		if !json.Valid([]byte(j.text)) {
			return nil, wrongUse(fmt.Errorf("%s is not JSON", j.flag), `quote it for the shell: --info '{"name":"Ann"}'`)
		}
		*j.to = json.RawMessage(j.text)
	}
	return claims, nil
}

type tokenExplainCommand struct {
	settings
	Dev   bool   `help:"As serve --dev would take the configuration."`
	Token string `arg:"" help:"The token; - reads it from stdin, where no other user of the machine sees it."`
}

// errNotAccepted is the outcome of explain for a token that the server would refuse.
var errNotAccepted = errors.New("the token would not be accepted")

// Run implements the command.
func (c *tokenExplainCommand) Run(r *run) error {
	cfg, err := c.load(r, c.Dev)
	if err != nil {
		return err
	}
	token, err := c.token()
	if err != nil {
		return err
	}
	o := server.AuthOptions(cfg)
	o.Inspect = true
	v, err := auth.New(o)
	if err != nil {
		return err
	}
	defer v.Close()
	if o.KeySetURL != "" {
		v.Fetch(context.Background()) // which takes its time at most
	}
	return c.show(r, v.Explain(token))
}

// token is the argument, or stdin.
func (c *tokenExplainCommand) token() (string, error) {
	if c.Token != "-" {
		return strings.TrimSpace(c.Token), nil
	}
	const most = 1 << 20 // nothing of that size is a token
	b, err := io.ReadAll(io.LimitReader(os.Stdin, most))
	return strings.TrimSpace(string(b)), err
}

func (c *tokenExplainCommand) show(r *run, e auth.Explanation) error {
	var b strings.Builder
	part := func(name string, raw json.RawMessage) {
		if raw == nil {
			fmt.Fprintf(&b, "%-9s can't be read\n", name)
			return
		}
		pretty, err := json.MarshalIndent(raw, "          ", "  ")
		if err != nil {
			pretty = raw
		}
		fmt.Fprintf(&b, "%-9s %s\n", name, pretty)
	}
	part("header", e.Header)
	part("claims", e.Payload)
	for _, m := range []struct {
		name string
		at   time.Time
	}{{"issued", e.Issued}, {"valid", e.NotBefore}, {"expires", e.Expires}} {
		if !m.at.IsZero() {
			fmt.Fprintf(&b, "%-9s %s, %s\n", m.name, m.at.UTC().Format(time.RFC3339), inWords(time.Until(m.at)))
		}
	}
	if e.Expires.IsZero() && e.Payload != nil {
		b.WriteString("expires   never, as far as can be read\n")
	}
	kind := "connection"
	if e.Subscription {
		kind = "subscription"
	}
	switch {
	case e.Refusal == nil:
		fmt.Fprintf(&b, "verdict   accepted, as a %s token\n", kind)
	default:
		fmt.Fprintf(&b, "verdict   refused: %s (code %d, %s)\n", e.Refusal.Reason, e.Refusal.Err.Code, e.Refusal.Err.Message)
	}
	if _, err := r.stdout.Write([]byte(b.String())); err != nil {
		return err
	}
	if e.Refusal != nil {
		return errNotAccepted
	}
	return nil
}

// inWords says when something is, from now.
func inWords(d time.Duration) string {
	switch r := d.Round(time.Second); {
	case r > 0:
		return "in " + r.String()
	case r < 0:
		return (-r).String() + " ago"
	}
	return "now"
}
