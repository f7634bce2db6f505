package websocket_test

import (
	"errors"
	"strings"
	"testing"

	"throng/internal/websocket"
)

// terms is the answer that everybody gets who asks for no window.
const terms = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// offering is a handshake with these Sec-WebSocket-Extensions headers.
func offering(t testing.TB, offers ...string) *websocket.Request {
	t.Helper()
	lines := sample()
	lines = lines[:len(lines)-1] // the extensions are last
	for _, offer := range offers {
		lines = append(lines, "Sec-WebSocket-Extensions: "+offer)
	}
	r := new(websocket.Request)
	if err := websocket.ParseRequest(head(lines), r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNegotiateDeflate(t *testing.T) {
	const (
		off   = websocket.DeflateOff
		full  = websocket.DeflateFull
		small = websocket.DeflateSmall
		pmd   = "permessage-deflate"
		bits  = terms + "; server_max_window_bits="
	)
	for name, c := range map[string]struct {
		offers []string
		mode   websocket.Deflate
		value  string
	}{
		"no header": {nil, off, ""},
		"empty":     {[]string{""}, off, ""},
		"other":     {[]string{"foo, bar; a=b"}, off, ""},

		"Chrome, ws":        {[]string{pmd + "; client_max_window_bits"}, full, terms},
		"Firefox, Safari":   {[]string{pmd}, full, terms},
		"old WebKit":        {[]string{"x-webkit-deflate-frame"}, off, ""},
		"websockets":        {[]string{pmd + "; server_max_window_bits=12; client_max_window_bits=12"}, small, bits + "12"},
		"our own":           {[]string{strings.TrimPrefix(websocket.DeflateOffer, "Sec-WebSocket-Extensions: ")}, full, terms},
		"all parameters":    {[]string{pmd + "; client_max_window_bits=9; server_no_context_takeover; server_max_window_bits=15; client_no_context_takeover"}, full, bits + "15"},
		"no blanks":         {[]string{pmd + ";server_max_window_bits=8;client_max_window_bits"}, small, bits + "8"},
		"blanks":            {[]string{pmd + " \t;  server_max_window_bits = 14 "}, small, bits + "14"},
		"quoted":            {[]string{pmd + `; server_max_window_bits="10"`}, small, bits + "10"},
		"quoted pairs":      {[]string{pmd + `; server_max_window_bits="1\0"`}, small, bits + "10"},
		"quoted client":     {[]string{pmd + `; client_max_window_bits="15"`}, full, terms},
		"behind another":    {[]string{"foo; x=\"a,b;permessage-deflate\", " + pmd}, full, terms},
		"behind a quote":    {[]string{`foo; x="a\"b,c", ` + pmd}, full, terms},
		"second header":     {[]string{"foo", pmd}, full, terms},
		"first that fits":   {[]string{pmd + "; server_max_window_bits=9, " + pmd}, small, bits + "9"},
		"second offer":      {[]string{pmd + "; server_max_window_bits=7, " + pmd + "; client_max_window_bits"}, full, terms},
		"second after junk": {[]string{pmd + "; =;, ,, " + pmd}, full, terms},
		"across headers":    {[]string{pmd + "; mode=x", pmd + "; server_max_window_bits=11"}, small, bits + "11"},

		"unknown parameter":      {[]string{pmd + "; mode=x"}, off, ""},
		"empty parameter":        {[]string{pmd + ";"}, off, ""},
		"repeated takeover":      {[]string{pmd + "; server_no_context_takeover; server_no_context_takeover"}, off, ""},
		"repeated client window": {[]string{pmd + "; client_max_window_bits; client_max_window_bits=10"}, off, ""},
		"repeated server window": {[]string{pmd + "; server_max_window_bits=10; server_max_window_bits=10"}, off, ""},
		"server takeover value":  {[]string{pmd + "; server_no_context_takeover=1"}, off, ""},
		"client takeover value":  {[]string{pmd + "; client_no_context_takeover=\"\""}, off, ""},
		"server window without":  {[]string{pmd + "; server_max_window_bits"}, off, ""},
		"window empty":           {[]string{pmd + "; server_max_window_bits="}, off, ""},
		"window 7":               {[]string{pmd + "; server_max_window_bits=7"}, off, ""},
		"window 16":              {[]string{pmd + "; server_max_window_bits=16"}, off, ""},
		"window 08":              {[]string{pmd + "; server_max_window_bits=08"}, off, ""},
		"window 0":               {[]string{pmd + "; server_max_window_bits=0"}, off, ""},
		"window huge":            {[]string{pmd + "; server_max_window_bits=18446744073709551626"}, off, ""},
		"window +9":              {[]string{pmd + "; server_max_window_bits=+9"}, off, ""},
		"window 1 0":             {[]string{pmd + "; server_max_window_bits=1 0"}, off, ""},
		"window quoted 16":       {[]string{pmd + `; server_max_window_bits="16"`}, off, ""},
		"window quoted blank":    {[]string{pmd + `; server_max_window_bits=" 9"`}, off, ""},
		"window quoted empty":    {[]string{pmd + `; server_max_window_bits=""`}, off, ""},
		"window half quoted":     {[]string{pmd + `; server_max_window_bits="10`}, off, ""},
		"client window 16":       {[]string{pmd + "; client_max_window_bits=16"}, off, ""},
		"client window empty":    {[]string{pmd + "; client_max_window_bits="}, off, ""},
		"quote swallows":         {[]string{`foo; x="a, ` + pmd}, off, ""},
		"longer name":            {[]string{pmd + "2, x" + pmd}, off, ""},
	} {
		mode, value := offering(t, c.offers...).NegotiateDeflate()
		if mode != c.mode || value != c.value {
			t.Errorf("%s: %d %q, want %d %q", name, mode, value, c.mode, c.value)
		}
	}
}

// answering is a response with these header lines, and what a client makes of it.
func answering(lines ...string) (websocket.Deflate, error) {
	b := websocket.AppendResponse(nil, []byte(sampleKey), "", lines...)
	return websocket.CheckDeflateResponse(b, []byte(sampleKey))
}

func TestCheckDeflateResponse(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		mode  websocket.Deflate
		ok    bool
	}{
		"declined":                {nil, websocket.DeflateOff, true},
		"our own answer":          {[]string{"Sec-WebSocket-Extensions: " + terms}, websocket.DeflateFull, true},
		"least":                   {[]string{"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover"}, websocket.DeflateFull, true},
		"window unasked":          {[]string{"sec-websocket-extensions: " + terms + "; server_max_window_bits=9"}, websocket.DeflateFull, true},
		"takeover":                {[]string{"Sec-WebSocket-Extensions: permessage-deflate"}, 0, false},
		"window not offered":      {[]string{"Sec-WebSocket-Extensions: " + terms + "; client_max_window_bits=9"}, 0, false},
		"unknown parameter":       {[]string{"Sec-WebSocket-Extensions: " + terms + "; x"}, 0, false},
		"another":                 {[]string{"Sec-WebSocket-Extensions: foo"}, 0, false},
		"another besides":         {[]string{"Sec-WebSocket-Extensions: " + terms + ", foo"}, 0, false},
		"another header":          {[]string{"Sec-WebSocket-Extensions: " + terms, "Sec-WebSocket-Extensions: foo"}, 0, false},
		"twice":                   {[]string{"Sec-WebSocket-Extensions: " + terms, "Sec-WebSocket-Extensions: " + terms}, 0, false},
		"empty":                   {[]string{"Sec-WebSocket-Extensions: "}, 0, false},
		"good, but another wrong": {[]string{"Sec-WebSocket-Extensions: " + terms, "Sec-WebSocket-Accept: x"}, 0, false},
	} {
		mode, err := answering(c.lines...)
		var he *websocket.HandshakeError
		if mode != c.mode || (err == nil) != c.ok || !c.ok && (!errors.As(err, &he) || he.Status != 101) {
			t.Errorf("%s: %d, %v", name, mode, err)
		}
	}
	b := websocket.AppendResponse(nil, []byte(sampleKey), "", "Sec-WebSocket-Extensions: "+terms)
	if err := websocket.CheckResponse(b, []byte(sampleKey)); err == nil {
		t.Error("an extension that was not asked for was accepted")
	}
}

// TestDeflateHandshake lets our client and our server agree.
func TestDeflateHandshake(t *testing.T) {
	var r websocket.Request
	b := websocket.AppendClientRequest(nil, "localhost", "/", []byte(sampleKey), websocket.DeflateOffer)
	if err := websocket.ParseRequest(b, &r); err != nil {
		t.Fatal(err)
	}
	server, value := r.NegotiateDeflate()
	client, err := answering("Sec-WebSocket-Extensions: " + value)
	if err != nil || server != websocket.DeflateFull || client != websocket.DeflateFull {
		t.Errorf("server %d, client %d, %v", server, client, err)
	}
}
