package config_test

import (
	"bytes"
	"strings"
	"testing"

	"throng/internal/config"
)

const secret = "SECRETMARK-0123456789abcdef-0123456789"

// Secrets are shown by nothing: neither by Print nor in what is said to be wrong.
func TestSecretsAreNotShown(t *testing.T) {
	c := load(t, config.LoadOptions{Set: map[string]string{"auth.hmac_secret": secret, "auth.hmac_previous_secret": secret}})
	var b bytes.Buffer
	if err := config.Print(&b, c); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "SECRET") || strings.Count(text, `secret = "(secret)"`) != 2 {
		t.Error(text)
	}
	file := write(t, b.String())
	if _, err := config.Load(config.LoadOptions{File: file}); err == nil || !strings.Contains(err.Error(), "auth.hmac_secret: this is not a secret") {
		t.Errorf("what was printed was taken for a secret: %v", err)
	}
	for _, bad := range []string{
		`hmac_secret = "SECRETMARK"`, `hmac_secret = "SECRETMARK\u0000"`, `hmac_secret = ["SECRETMARK"]`, `hmac_secret = { SECRETMARK = 1 }`,
		`hmac_secret = 4242424242`, `hmac_secret = "SECRETMARK` + strings.Repeat("x", 20) + "\n" + `"`, `hmac_secrets = "` + secret + `"`,
		`jwks_url = "SECRETMARK"`, `jwks_url = "ftp://SECRETMARK@host/"`, `jwks_url = "https://me:SECRETMARK@host/"`,
	} {
		_, err := config.Load(config.LoadOptions{File: write(t, "[auth]\n"+bad+"\n")})
		if err == nil || strings.Contains(err.Error(), "SECRETMARK") || strings.Contains(err.Error(), "4242424242") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestAuthSettings: what makes no sense together is refused with what to do.
func TestAuthSettings(t *testing.T) {
	for _, test := range []struct {
		set  map[string]string
		want string // contained; empty for none
	}{
		{map[string]string{"auth.hmac_secret": secret}, ""},
		{map[string]string{"auth.hmac_secret_file": "f", "auth.hmac_previous_secret_file": "g", "auth.jwks_url": "http://issuer:8080/keys"}, ""},
		{map[string]string{"auth.hmac_secret": secret, "auth.hmac_secret_file": "f"}, "both hmac_secret and hmac_secret_file"},
		{map[string]string{"auth.hmac_previous_secret": secret}, "there is no auth.hmac_secret"},
		{map[string]string{"auth.hmac_secret": secret[:31]}, "has 31 bytes"},
		{map[string]string{"auth.hmac_secret": secret, "auth.anonymous": "true", "auth.late_token": "5s"}, "auth.late_token: auth.anonymous"},
		{map[string]string{"auth.hmac_secret": secret, "auth.late_token": "5s"}, ""},
		{map[string]string{"auth.late_token": "5s"}, "auth.late_token: there is no key"},
		{map[string]string{"auth.audience": "a,b"}, "auth.audience: there is no key"},
		{map[string]string{"auth.issuer": "a"}, "auth.issuer: there is no key"},
		{map[string]string{"auth.revocations_file": "a", "dev": "true"}, "auth.revocations_file: there is no key"},
		{map[string]string{"auth.anonymous": "true"}, ""},
		{map[string]string{"auth.public_key_files": "a.pem,"}, "the name of a file is empty"},
		{map[string]string{"auth.leeway": "6m"}, "too large"},
	} {
		_, err := config.Load(config.LoadOptions{Set: test.set})
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%v: %v", test.set, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%v: %v, want %s", test.set, err, test.want)
		}
	}
}

func TestDiff(t *testing.T) {
	a := load(t, config.LoadOptions{})
	b := load(t, config.LoadOptions{
		File: write(t, "[[namespace]]\nname = \"x\"\n"),
		Set:  map[string]string{"listen": ":1", "auth.hmac_secret": secret, "engine.loops": "3", "auth.audience": "a"},
	})
	if got := strings.Join(config.Diff(a, b), " "); got != "listen engine.loops auth.hmac_secret auth.audience namespace" {
		t.Error(got)
	}
	if got := config.Diff(b, b); got != nil {
		t.Error(got)
	}
}
