package auth

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode"

	"throng"
)

// claims are what a token says, after its signature was checked. Times are Clock
// milliseconds; 0 where nothing is said.
type claims struct {
	user, id, issuer           string
	audience                   []string
	expires, issued, notBefore int64
	info, meta                 []byte
	grants                     []throng.Grant
	channel                    string // of a subscription token
	subscription               bool   // there is a channel
	publish                    bool
}

// Bounds of claims.
const (
	maxGrants  = 100             // channels of one token
	maxJSON    = 4 << 10         // bytes of info, of meta
	maxSeconds = 253_402_300_799 // the end of the year 9999
)

// parseClaims reads the payload of a token. Claims that are not known are the
// application's own.
func parseClaims(payload []byte) (c claims, no *Refusal) {
	list, wrong := members(payload, known)
	if wrong != "" {
		return c, bad("the payload %s", wrong)
	}
	var channels, subs []byte
	for _, m := range list {
		switch m.name {
		case "channels":
			channels = m.value
		case "subs":
			subs = m.value
		default:
			wrong = c.take(m)
		}
		if wrong != "" {
			return c, bad("%s %s", m.name, wrong)
		}
	}
	if wrong := c.addSubs(subs); wrong != "" { // which say more, first
		return c, bad("subs %s", wrong)
	}
	if wrong := c.addChannels(channels); wrong != "" {
		return c, bad("channels %s", wrong)
	}
	return c, nil
}

// known wants the claims that have a meaning here.
func known(name []byte) (string, bool) {
	for _, claim := range [...]string{"sub", "exp", "iat", "jti", "info", "channels", "subs", "channel", "publish", "iss", "aud", "nbf", "meta"} {
		if string(name) == claim {
			return claim, true
		}
	}
	return "", false
}

// ofSub wants what is said of one channel.
func ofSub(name []byte) (string, bool) {
	switch string(name) {
	case "info":
		return "info", true
	case "publish":
		return "publish", true
	}
	return "", false
}

// take reads one claim, and says what is wrong with it.
func (c *claims) take(m member) (wrong string) {
	switch m.name {
	case "sub":
		c.user, wrong = readID(m.value)
	case "jti":
		c.id, wrong = readID(m.value)
	case "iss":
		var ok bool
		if c.issuer, ok = text(m.value); !ok {
			wrong = notText
		}
	case "aud":
		c.audience, wrong = readAudience(m.value)
	case "exp":
		c.expires, wrong = readTime(m.value)
	case "iat":
		c.issued, wrong = readTime(m.value)
	case "nbf":
		c.notBefore, wrong = readTime(m.value)
	case "info":
		c.info, wrong = readJSON(m.value)
	case "meta":
		c.meta, wrong = readJSON(m.value)
	case "publish":
		c.publish, wrong = readBool(m.value)
	case "channel":
		c.subscription = true
		c.channel, wrong = readChannel(m.value)
	}
	return wrong
}

// What is wrong with a claim.
const (
	notText    = "is not a string"
	notBool    = "is not true or false"
	notNumber  = "is not a number of seconds since 1970"
	tooLongID  = "is longer than 255 bytes"
	controls   = "has control characters"
	tooLarge   = "is larger than 4096 bytes"
	notChannel = "is not the name of a channel"
	notList    = "is not a list of names of channels"
	notObject  = "is not an object of channels"
	tooMany    = "names more than 100 channels"
)

// readID reads the name of a user or token.
func readID(b []byte) (id, wrong string) {
	id, ok := text(b)
	switch {
	case !ok:
		return "", notText
	case len(id) > maxID:
		return "", tooLongID
	case strings.ContainsFunc(id, unicode.IsControl):
		return "", controls
	}
	return id, ""
}

func readChannel(b []byte) (name, wrong string) {
	name, ok := text(b)
	if !ok {
		return "", notText
	}
	if throng.CheckServerChannel(name) != nil {
		return "", notChannel
	}
	return name, ""
}

// readAudience reads one name or several (RFC 7519 section 4.1.3).
func readAudience(b []byte) (names []string, wrong string) {
	if name, ok := text(b); ok {
		return []string{name}, ""
	}
	list, ok := elements(b)
	if !ok {
		return nil, "is neither a string nor a list of strings"
	}
	for _, e := range list {
		name, ok := text(e)
		if !ok {
			return nil, "is neither a string nor a list of strings"
		}
		names = append(names, name)
	}
	return names, ""
}

// readTime reads seconds since 1970, perhaps with a fraction (RFC 7519 section 2). The
// very first millisecond counts as the next one: 0 is for what is not said.
func readTime(b []byte) (ms int64, wrong string) {
	if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		if n < 0 || n > maxSeconds {
			return 0, notNumber
		}
		return max(1, n*1000), ""
	}
	if len(b) == 0 || b[0] != '-' && (b[0] < '0' || b[0] > '9') {
		return 0, notNumber
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || f < 0 || f > maxSeconds {
		return 0, notNumber
	}
	return max(1, int64(math.Floor(f*1000))), ""
}

func readBool(b []byte) (v bool, wrong string) {
	switch string(b) {
	case "true":
		return true, ""
	case "false":
		return false, ""
	}
	return false, notBool
}

// readJSON copies a value without white space: wires put it into lines. null is
// nothing.
func readJSON(b []byte) (value []byte, wrong string) {
	switch {
	case len(b) > maxJSON:
		return nil, tooLarge
	case string(b) == "null":
		return nil, ""
	}
	var out bytes.Buffer
	out.Grow(len(b))
	_ = json.Compact(&out, b) // it is valid
	return out.Bytes(), ""
}

// addChannels adds the channels of a list of names.
func (c *claims) addChannels(b []byte) (wrong string) {
	if b == nil || string(b) == "null" {
		return ""
	}
	list, ok := elements(b)
	if !ok {
		return notList
	}
	if len(list) > maxGrants {
		return tooMany
	}
	for _, e := range list {
		name, wrong := readChannel(e)
		if wrong != "" {
			return notList
		}
		if wrong := c.add(throng.Grant{Channel: name}); wrong != "" {
			return wrong
		}
	}
	return ""
}

// addSubs adds the channels of an object that says more of each.
func (c *claims) addSubs(b []byte) (wrong string) {
	if b == nil || string(b) == "null" {
		return ""
	}
	list, no := members(b, all)
	switch {
	case no != "":
		return notObject
	case len(list) > maxGrants:
		return tooMany
	}
	for _, m := range list {
		if throng.CheckChannel(m.name) != nil {
			return notObject
		}
		g := throng.Grant{Channel: m.name}
		if wrong := readSub(m.value, &g); wrong != "" {
			return wrong
		}
		if wrong := c.add(g); wrong != "" {
			return wrong
		}
	}
	return ""
}

// readSub reads what is said of one channel in subs.
func readSub(b []byte, g *throng.Grant) (wrong string) {
	said, wrong := members(b, ofSub)
	if wrong != "" {
		return notObject
	}
	for _, s := range said {
		switch s.name {
		case "info":
			g.Info, wrong = readJSON(s.value)
		case "publish":
			g.Publish, wrong = readBool(s.value)
		}
		if wrong != "" {
			return "has a channel whose " + s.name + " " + wrong
		}
	}
	return ""
}

// add adds a channel, unless it is there.
func (c *claims) add(g throng.Grant) (wrong string) {
	for i := range c.grants {
		if c.grants[i].Channel == g.Channel {
			return ""
		}
	}
	if len(c.grants) == maxGrants {
		return tooMany
	}
	c.grants = append(c.grants, g)
	return ""
}
