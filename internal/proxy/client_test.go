package proxy_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"throng/internal/proxy"
)

// lines are a header's values, one for each "|".
func lines(s string) (values [][]byte) {
	if s == "-" {
		return nil
	}
	for v := range strings.SplitSeq(s, "|") {
		values = append(values, []byte(v))
	}
	return values
}

const proxies = "10.0.0.0/8 2001:db8:ff::/48 unix"

func TestClientOfXForwardedFor(t *testing.T) {
	tests := []struct{ name, peer, xff, want string }{
		{"peer is not trusted", "192.0.2.9", "203.0.113.1", "192.0.2.9"},
		{"no header", "10.0.0.1", "-", "10.0.0.1"},
		{"empty header", "10.0.0.1", "", "10.0.0.1"},
		{"empty elements", "10.0.0.1", " , ,203.0.113.1,, ,|", "203.0.113.1"},
		{"one", "10.0.0.1", "203.0.113.1", "203.0.113.1"},
		{"peer in IPv6's clothes", "::ffff:10.0.0.1", "203.0.113.1", "203.0.113.1"},
		{"over a Unix socket", "", "203.0.113.1", "203.0.113.1"},
		{"over a Unix socket, none", "", "-", ""},
		{"the client made one up", "10.0.0.1", "1.1.1.1, 203.0.113.1", "203.0.113.1"},
		{"through two proxies", "10.0.0.1", "1.1.1.1, 203.0.113.1, 10.0.0.2", "203.0.113.1"},
		{"two headers are one list", "10.0.0.1", "1.1.1.1, 203.0.113.1|10.0.0.2", "203.0.113.1"},
		{"two headers, made up", "10.0.0.1", "1.1.1.1|203.0.113.1", "203.0.113.1"},
		{"only proxies", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
		{"no blanks", "10.0.0.1", "1.1.1.1,203.0.113.1,10.0.0.2", "203.0.113.1"},
		{"tabs", "10.0.0.1", "\t203.0.113.1\t", "203.0.113.1"},
		{"with port", "10.0.0.1", "203.0.113.1:65535", "203.0.113.1"},
		{"IPv6", "10.0.0.1", "2001:db8::1", "2001:db8::1"},
		{"IPv6 in brackets", "10.0.0.1", "[2001:db8::1]", "2001:db8::1"},
		{"IPv6 with port", "10.0.0.1", "[2001:db8::1]:443, 2001:db8:ff::1", "2001:db8::1"},
		{"IPv4 in IPv6's clothes", "10.0.0.1", "::ffff:203.0.113.1", "203.0.113.1"},
		{"proxy in IPv6's clothes", "10.0.0.1", "203.0.113.1, ::ffff:10.0.0.2", "203.0.113.1"},

		{"garbage", "10.0.0.1", "203.0.113.1, garbage", "10.0.0.1"},
		{"garbage behind a proxy", "10.0.0.1", "203.0.113.1, garbage, 10.0.0.2", "10.0.0.2"},
		{"unknown", "10.0.0.1", "203.0.113.1, unknown", "10.0.0.1"},
		{"a quote is garbage", "10.0.0.1", `203.0.113.1, "203.0.113.2"`, "10.0.0.1"},
		{"an open quote swallows nothing", "10.0.0.1", `", 203.0.113.1`, "203.0.113.1"},
		{"zone", "10.0.0.1", "fe80::1%eth0", "10.0.0.1"},
		{"port too large", "10.0.0.1", "203.0.113.1:65536", "10.0.0.1"},
		{"no port", "10.0.0.1", "203.0.113.1:", "10.0.0.1"},
		{"port of six digits", "10.0.0.1", "203.0.113.1:000080", "10.0.0.1"},
		{"brackets around IPv4", "10.0.0.1", "[203.0.113.1]", "10.0.0.1"},
		{"bracket alone", "10.0.0.1", "[2001:db8::1", "10.0.0.1"},
		{"behind the brackets", "10.0.0.1", "[2001:db8::1]443", "10.0.0.1"},
		{"no port behind the brackets", "10.0.0.1", "[2001:db8::1]:", "10.0.0.1"},
		{"octal", "10.0.0.1", "203.0.113.01", "10.0.0.1"},
		{"long", "10.0.0.1", strings.Repeat("1", 10_000), "10.0.0.1"},

		{"64 hops", "10.0.0.1", "203.0.113.1" + strings.Repeat(", 10.0.0.2", 63), "203.0.113.1"},
		{"65 hops", "10.0.0.1", "203.0.113.1, 10.0.0.3" + strings.Repeat(", 10.0.0.2", 63), "10.0.0.3"},
		{"empty elements count", "10.0.0.1", "203.0.113.1" + strings.Repeat(",", 64), "10.0.0.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := trusted(t, strings.Fields(proxies)...)
			if got := tr.Client(addr(tt.peer), nil, lines(tt.xff)); got != addr(tt.want) {
				t.Errorf("%q of %q: %v, want %s", tt.xff, tt.peer, got, tt.want)
			}
		})
	}
}

func TestClientOfForwarded(t *testing.T) {
	tests := []struct{ name, forwarded, want string }{
		{"one", "for=203.0.113.1", "203.0.113.1"},
		{"any case", "For=203.0.113.1", "203.0.113.1"},
		{"quoted", `for="203.0.113.1"`, "203.0.113.1"},
		{"port", `for="203.0.113.1:4711"`, "203.0.113.1"},
		{"hidden port", `for="203.0.113.1:_a.b-c_9"`, "203.0.113.1"},
		{"port without quotes", `for=203.0.113.1:4711`, "203.0.113.1"},
		{"IPv6", `for="[2001:db8::1]"`, "2001:db8::1"},
		{"IPv6 and port", `for="[2001:db8::1]:4711"`, "2001:db8::1"},
		{"IPv6 without quotes", `for=[2001:db8::1]:4711`, "2001:db8::1"},
		{"pairs around it", `proto=https;for=203.0.113.1;by=10.0.0.1;host="a.example"`, "203.0.113.1"},
		{"blanks and empty pairs", ` ;; proto=https ; for="203.0.113.1" ; `, "203.0.113.1"},
		{"quoted pair", `for="203\.0.113\.1"`, "203.0.113.1"},
		{"comma and semicolon in quotes", `for=203.0.113.1;x="a,b;for=1.1.1.1", for=10.0.0.2`, "203.0.113.1"},
		{"quote in quotes", `for=203.0.113.1;x="a\",for=1.1.1.1", for=10.0.0.2`, "203.0.113.1"},
		{"comma behind a quote in quotes", `for=203.0.113.1, for=10.0.0.3;x="a\",b"`, "203.0.113.1"},
		{"backslash before the quote", `for=203.0.113.1;x="a\\", for=10.0.0.2`, "203.0.113.1"},
		{"through two proxies", `for=1.1.1.1, for=203.0.113.1, for="10.0.0.2:80"`, "203.0.113.1"},
		{"two headers are one list", `for=1.1.1.1|for=203.0.113.1|for=10.0.0.2`, "203.0.113.1"},

		{"unknown", `for=203.0.113.1, for=unknown`, "10.0.0.1"},
		{"unknown behind a proxy", `for=203.0.113.1, for=unknown, for=10.0.0.2`, "10.0.0.2"},
		{"hidden", `for=203.0.113.1, for=_obf`, "10.0.0.1"},
		{"no for", `for=203.0.113.1, proto=https`, "10.0.0.1"},
		{"two for", `for=203.0.113.1;for=203.0.113.2`, "10.0.0.1"},
		{"for twice, first unknown", `for=unknown;for=203.0.113.2`, "10.0.0.1"},
		{"longer name", `fork=203.0.113.2`, "10.0.0.1"},
		{"IPv6 without brackets", `for="2001:db8::1"`, "10.0.0.1"},
		{"empty value", `for=`, "10.0.0.1"},
		{"empty quotes", `for=""`, "10.0.0.1"},
		{"no value", `for`, "10.0.0.1"},
		{"no name", `=203.0.113.1`, "10.0.0.1"},
		{"wrong name", `x y=1;for=203.0.113.1`, "10.0.0.1"},
		{"wrong value", `for=203.0.113.1;by=a b`, "10.0.0.1"},
		{"behind the quotes", `for="203.0.113.1"x`, "10.0.0.1"},
		{"no semicolon behind the quotes", `for="203.0.113.1"by=x`, "10.0.0.1"},
		{"open quote", `for="203.0.113.1`, "10.0.0.1"},
		{"backslash at the end", `for="203.0.113.1\`, "10.0.0.1"},
		{"long", `for="203.0.113.1:_` + strings.Repeat("x", 100) + `"`, "10.0.0.1"},
		{"long, with an escape", `for="\203.0.113.1:_` + strings.Repeat("x", 100) + `"`, "10.0.0.1"},
		{"an open quote swallows nothing", `for=1.1.1.1;x=", for=203.0.113.1`, "203.0.113.1"},
		{"an open quote swallows no quotes", `for=1.1.1.1;x=", for="203.0.113.1"`, "203.0.113.1"},
		{"an escape swallows no quotes", `for=1.1.1.1;x="\, for="203.0.113.1"`, "203.0.113.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := trusted(t, strings.Fields(proxies)...)
			if got := tr.Client(addr("10.0.0.1"), lines(tt.forwarded), nil); got != addr(tt.want) {
				t.Errorf("%q: %v, want %s", tt.forwarded, got, tt.want)
			}
			if got := tr.Client(addr("192.0.2.9"), lines(tt.forwarded), nil); got != addr("192.0.2.9") {
				t.Errorf("%q of somebody: %v", tt.forwarded, got)
			}
		})
	}
}

// A Forwarded beside X-Forwarded-For is the client's own, whatever both say.
func TestXForwardedForComesFirst(t *testing.T) {
	tr := trusted(t, "10.0.0.0/8")
	for xff, want := range map[string]string{"203.0.113.1": "203.0.113.1", "": "10.0.0.1", "garbage": "10.0.0.1", "10.0.0.2": "10.0.0.2"} {
		if got := tr.Client(addr("10.0.0.1"), lines("for=1.1.1.1"), lines(xff)); got != addr(want) {
			t.Errorf("with X-Forwarded-For %q: %v", xff, got)
		}
	}
}

// FuzzClient: the client is the peer or an address that stands in the header, and
// what a client writes does not change what proxies say after it.
func FuzzClient(f *testing.F) {
	f.Add(`for="[2001:db8::1]:4711";proto=https, for=10.0.0.2`, false)
	f.Add(`for=1.1.1.1;x="\`, false)
	f.Add("1.1.1.1, [2001:db8::1]:80,10.0.0.2:1|10.0.0.3", true)
	f.Fuzz(func(t *testing.T, value string, x bool) {
		if value == "-" {
			return
		}
		tr := trusted(t, "10.0.0.0/8")
		peer := addr("10.0.0.1")
		ask := func(values [][]byte) netip.Addr {
			if x {
				return tr.Client(peer, nil, values)
			}
			return tr.Client(peer, values, nil)
		}
		values := lines(value)
		kept := slices.Clone(values)
		for i := range kept {
			kept[i] = slices.Clone(kept[i])
		}
		got := ask(values)
		if !got.IsValid() || got.Is4In6() || got.Zone() != "" {
			t.Fatalf("%q: %v", value, got)
		}
		said := strings.ToLower(strings.ReplaceAll(value, `\`, ""))
		if got.Is4() && got != peer && !strings.Contains(said, got.String()) && !strings.Contains(said, "ffff") {
			t.Fatalf("%q: %v stands nowhere", value, got)
		}
		if !slices.EqualFunc(values, kept, slices.Equal) {
			t.Fatalf("%q was changed", value)
		}
		for _, honest := range []string{"for=203.0.113.1", `for="203.0.113.1:80"`, `for=203.0.113.1, for="10.0.0.7:_x";by="_a,b"`} {
			if x {
				honest = "203.0.113.1, 10.0.0.7"
			}
			appended := slices.Clone(values)
			last := len(appended) - 1
			appended[last] = append(slices.Clip(appended[last]), ", "+honest...)
			for how, list := range map[string][][]byte{"appended": appended, "a header more": append(slices.Clip(values), []byte(honest))} {
				if got := ask(list); got != addr("203.0.113.1") {
					t.Fatalf("%q, %s %q: %v", value, how, honest, got)
				}
			}
		}
	})
}

func clients() map[string]func(proxy.Trusted) netip.Addr {
	peer := netip.MustParseAddr("10.0.0.1")
	xff := lines("1.1.1.1, 203.0.113.1:4711, 10.0.0.3|2001:db8:ff::1")
	forwarded := lines(`for=1.1.1.1, for="203.0.113.1:4711";proto=https|for="[2001:db8:ff::1]"`)
	return map[string]func(proxy.Trusted) netip.Addr{
		"X-Forwarded-For": func(tr proxy.Trusted) netip.Addr { return tr.Client(peer, nil, xff) },
		"Forwarded":       func(tr proxy.Trusted) netip.Addr { return tr.Client(peer, forwarded, nil) },
	}
}

func TestClientAllocatesNothing(t *testing.T) {
	tr := trusted(t, strings.Fields(proxies)...)
	for name, ask := range clients() {
		if n := testing.AllocsPerRun(10, func() { ask(tr) }); n != 0 || ask(tr) != addr("203.0.113.1") {
			t.Errorf("%s: %v allocations, client %v", name, n, ask(tr))
		}
	}
}

func BenchmarkClient(b *testing.B) {
	tr := trusted(b, strings.Fields(proxies)...)
	for name, ask := range clients() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if ask(tr) != addr("203.0.113.1") {
					b.Fatal(ask(tr))
				}
			}
		})
	}
}
