package config_test

import (
	"strings"
	"testing"

	"throng/internal/config"
)

const goodKey = "0123456789abcdef"

func TestAPIKeys(t *testing.T) {
	c := load(t, config.LoadOptions{File: write(t, `
[api]
public = true
max_body = "2MiB"
[[api_key]]
name = "worker"
key = "`+goodKey+`"
methods = ["publish", "broadcast"]
namespaces = ["room", "@user"]
[[api_key]]
name = "all"
sha256 = "`+strings.Repeat("0f", 32)+`"
methods = ["*"]
namespaces = ["*"]
`), Env: []string{"THRONG_API_KEY=" + goodKey + "x", "THRONG_API_URL=http://127.0.0.1:1"}})
	if c.API.Key != goodKey+"x" || !c.API.Public || c.API.MaxBody != 2*config.MiB {
		t.Errorf("[api]: %+v", c.API)
	}
	if len(c.APIKeys) != 2 || c.APIKeys[0].Key != goodKey || c.APIKeys[1].Namespaces[0] != "*" || c.APIKeys[0].Methods[1] != "broadcast" {
		t.Errorf("[[api_key]]: %d", len(c.APIKeys))
	}
}

func TestAPIKeysRefused(t *testing.T) {
	rights := "\nmethods = [\"*\"]\nnamespaces = [\"*\"]"
	for table, want := range map[string]string{
		`key = "` + goodKey + `"` + rights: "[[api_key]] without a name",
		`name = "a"` + rights:              `api_key "a" has 0 of them`,
		"name = \"a\"\nkey_file = \"f\"\nkey = \"" + goodKey + "\"" + rights:                                   `api_key "a" has 2 of them`,
		"name = \"a\"\nkey = \"secret\"" + rights:                                                              "the key has 6 characters",
		"name = \"a\"\nkey = \"0123456789 abcdef\"" + rights:                                                   "the key has a space",
		"name = \"a\"\nsha256 = \"0f\"" + rights:                                                               "it is not a SHA-256",
		"name = \"a\"\nsha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"" + rights: "it is the SHA-256 of nothing",
		"name = \"a\"\nkey_file = \"f\"\nmethods = [\"*\"]":                                                    `api_key "a" may name no channel`,
		"name = \"a\"\nkey_file = \"f\"\nnamespaces = [\"*\"]":                                                 `api_key "a" may call nothing`,
		"name = \"a\"\nkey_file = \"f\"\nmethods = [\"publisch\"]":                                             `"publisch" is not a value of api_key.methods`,
		"name = \"a\"\nkey_file = \"f\"" + rights + "\nkeys = 1":                                               "api_key.keys: unknown setting",
		"name = \"a\"\nkey_file = \"f\"\nmethods = [\"*\"]\nnamespaces = [\"a:b\"]":                            `':' in the name "a:b"`,
		"name = \"a\"\nkey_file = \"f\"" + rights + "\n[[api_key]]\nname = \"a\"\nkey_file = \"f\"" + rights:   `api_key "a" is configured twice`,
	} {
		errs := refused(t, config.LoadOptions{File: write(t, "[[api_key]]\n"+table)})
		if !strings.Contains(errs.Error(), want) {
			t.Errorf("%s\n\t%v, want %s", table, errs, want)
		}
		if strings.Contains(errs.Error(), "secret") {
			t.Errorf("the key is in the message: %v", errs)
		}
	}
	if errs := refused(t, config.LoadOptions{Set: map[string]string{"api.key": "short"}}); strings.Contains(errs.Error(), "short") {
		t.Errorf("the key is in the message: %v", errs)
	}
}
