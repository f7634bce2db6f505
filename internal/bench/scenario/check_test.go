package scenario_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"throng/internal/bench/scenario"
)

// good is a scenario with a bit of everything.
const good = `
targets = ["ws://localhost:8000/socket"]
[[users]]
name = "some"
count = 10
join = ["c"]
[[users.script]]
times = 1
[[users.script.step]]
do = "send"
channel = "c"
[[phase]]
do = "arrive"
[[phase]]
do = "act"
`

const (
	target = `targets = ["ws://localhost:8000/socket"]` + "\n"
	phases = "[[phase]]\ndo = \"arrive\"\n[[phase]]\ndo = \"act\"\nfor = \"1s\"\n"
)

// script is a scenario with a script.
func script(wire, text string) string {
	return target + wire + "[[users]]\ncount = 1\n[[users.script]]\n" + text + phases
}

func TestWhatIsWrong(t *testing.T) {
	t.Parallel()
	step := "[[users.script.step]]\n"
	for want, text := range map[string]string{
		// Parse
		"line 3: there is no setting \"user\"; `throng bench example`": strings.Replace(good, "[[users]]\nname", "[[user]]\nname", 1),
		"line 1: there is no setting \"tragets\"":                      "tragets = []\n" + good,
		"line 1:12: ": "name = \"a\" b",
		"line 1:1":    "= 5",
		`"5" is not a duration: write it like "250ms", "5s", "1m30s"`:   "patience = \"5\"\n" + good,
		`"-5s" is not a duration`:                                       "patience = \"-5s\"\n" + good,
		`"x" is not a duration`:                                         script("", step+"do = \"think\"\nfor = \"x\"\n"),
		`"y" is not a duration`:                                         script("", step+"do = \"think\"\nfor = \"1s..y\"\n"),
		`"5s..1s" is not a span of time: write the shorter bound first`: script("", step+"do = \"think\"\nfor = \"5s..1s\"\n"),
		`"-5s..1s" is not a span of time`:                               script("", step+"do = \"think\"\nfor = \"-5s..1s\"\n"),
		// Check
		"no target: name one with --target":                                   strings.Replace(good, "targets", "#", 1),
		`target "http://x" is not a ws:// or wss:// URL`:                      strings.Replace(good, "ws://localhost:8000/socket", "http://x", 1),
		`target "ws://:8000/" is not a`:                                       strings.Replace(good, "ws://localhost:8000/socket", "ws://:8000/", 1),
		`target "ws://%zz" is not a`:                                          strings.Replace(good, "ws://localhost:8000/socket", "ws://%zz", 1),
		`source "here" is not an IP address`:                                  "sources = [\"here\"]\n" + good,
		`wire "mqtt": there are phoenix and echo`:                             "wire = \"mqtt\"\n" + good,
		`reconnect "soon": there are phoenix, fast and never`:                 "reconnect = \"soon\"\n" + good,
		"payload 5: a message has 48 bytes":                                   "payload = 5\n" + good,
		"payload 20000000: ":                                                  "payload = 20000000\n" + good,
		"patience: without it":                                                "patience = \"off\"\n" + good,
		`users "some": a count of -1`:                                         strings.Replace(good, "count = 10", "count = -1", 1),
		`users "some": a count of 9223372036854775807`:                        strings.Replace(good, "count = 10", "count = 9223372036854775807", 1),
		"200000000 users: there can be":                                       strings.Replace(good, "count = 10", "count = 100000000\n[[users]]\ncount = 100000000\n[[users]]", 1),
		"no users: add [[users]] with a count":                                strings.Replace(good, "count = 10", "", 1),
		"no users: ":                                                          target + phases,
		`the first [[phase]] must have do = "arrive"`:                         strings.Replace(good, "\"arrive\"", "\"idle\"", 1),
		`the first [[phase]]`:                                                 target + "[[users]]\ncount = 1\n",
		`two phases are called "act"`:                                         good + "[[phase]]\ndo = \"act\"\n",
		`phase "a": a number below 0`:                                         good + "[[phase]]\nname = \"a\"\ndo = \"cut\"\nin_flight = -1\n",
		`phase "b": a number below 0`:                                         good + "[[phase]]\nname = \"b\"\ndo = \"act\"\nfor = \"off\"\n",
		`phase "late": users arrive in the first phase only`:                  good + "[[phase]]\nname = \"late\"\ndo = \"arrive\"\n",
		`phase "idle": say how long with for = "10s"`:                         good + "[[phase]]\ndo = \"idle\"\n",
		`phase "dance": do = "dance" is none of arrive, idle, act, cut`:       good + "[[phase]]\ndo = \"dance\"\n",
		`users "some": a script is for the phase "later", which there is not`: strings.Replace(good, "times = 1", "times = 1\nphase = \"later\"", 1),
		`phase "act": nobody has a script for it`:                             target + "[[users]]\ncount = 1\n" + phases,
		`phase "act" never ends: give it for = "30s", or its scripts times`:   strings.Replace(good, "times = 1", "", 1),
		`"c{": a { without }`:                                                 strings.Replace(good, "\"c\"", "\"c{\"", 1),
		`"c{who}": {who} is none of {user}, {user/N}, {user%N}, {random N}`:   strings.Replace(good, "\"c\"", "\"c{who}\"", 1),
		`"c{user%0}": {user%0} is none of`:                                    strings.Replace(good, "\"c\"", "\"c{user%0}\"", 1),
		"users join the same channels each time":                              strings.Replace(good, "\"c\"", "\"c{random 5}\"", 1),
		`users "users 1": there are no channels on the wire echo`:             "wire = \"echo\"\n" + target + "[[users]]\ncount = 1\njoin = [\"c\"]\n[[phase]]\ndo = \"arrive\"\n",
		"an arrival with a number below 0":                                    strings.Replace(good, "[[users.script]]", "[[users.arrive]]\nusers = -1\n[[users.script]]", 1),
		"an arrival with a rate of -2":                                        strings.Replace(good, "[[users.script]]", "[[users.arrive]]\nrate = -2.0\n[[users.script]]", 1),
		"an arrival with a rate of NaN":                                       strings.Replace(good, "[[users.script]]", "[[users.arrive]]\nrate = nan\n[[users.script]]", 1),
		"script 1: users, every and times are 0 or more":                      strings.Replace(good, "times = 1", "times = 1\nevery = \"off\"", 1),
		`script 1: jitter "some": there are even, random and none`:            strings.Replace(good, "times = 1", "times = 1\njitter = \"some\"", 1),
		"script 1: it has no steps: add [[users.script.step]]":                script("", "times = 1\n"),
		`step 1 (send): nobody of the group joins "d": add it to join`:        strings.Replace(good, "channel = \"c\"", "channel = \"d\"", 1),
		"it would run as fast as it can and wait for nothing":                 script("", step+"do = \"disconnect\"\n"),
		"step 1 (join): name a channel":                                       script("", "times = 1\n"+step+"do = \"join\"\n"),
		`step 1 (join): "{x}": {x} is none of`:                                script("", "times = 1\n"+step+"do = \"join\"\nchannel = \"{x}\"\n"),
		`step 1 (think): say how long with for = "1s..5s"`:                    script("", step+"do = \"think\"\n"),
		"step 1 (heartbeat): there are no heartbeats on the wire echo":        script("wire = \"echo\"\n", step+"do = \"heartbeat\"\n"),
		"step 1 (leave): there are no channels on the wire echo":              script("wire = \"echo\"\n", step+"do = \"leave\"\n"),
		"step 1 (dance): there are send, join, leave, think":                  script("", step+"do = \"dance\"\n"),
		"step 1 (push): there are no events on the wire echo, only send":      script("wire = \"echo\"\n", step+"do = \"push\"\n"),
		"step 1 (await): there are no events on the wire echo, only send":     script("wire = \"echo\"\n", step+"do = \"await\"\n"),
		"step 1 (push): name a channel":                                       script("", step+"do = \"push\"\n"),
		"step 1 (push): name an event":                                        script("", step+"do = \"push\"\nchannel = \"c\"\n"),
		"step 1 (await): name an event":                                       script("", step+"do = \"await\"\nchannel = \"c\"\n"),
		"step 1 (push): an event's name has at most 255 bytes":                script("", step+"do = \"push\"\nchannel = \"c\"\nevent = \""+strings.Repeat("e", 256)+"\"\n"),
		"step 1 (push): the event msg is what send sends":                     script("", step+"do = \"push\"\nchannel = \"c\"\nevent = \"msg\"\n"),
		"step 1 (await): events that begin with phx_ are the wire's own":      script("", step+"do = \"await\"\nchannel = \"c\"\nevent = \"phx_reply\"\n"),
		"step 1 (push): a burst is of messages":                               script("", step+"do = \"push\"\nchannel = \"c\"\nevent = \"e\"\nburst = 2\n"),
		"step 1 (push): the data is no JSON: \"{\\\"a\\\":}\"":                script("", step+"do = \"push\"\nchannel = \"c\"\nevent = \"e\"\ndata = '{\"a\":}'\n"),
		"step 1 (push): \"{\\\"a\\\":{usr}}\": {usr} is none of":              script("", step+"do = \"push\"\nchannel = \"c\"\nevent = \"e\"\ndata = '{\"a\":{usr}}'\n"),
		"step 1 (push): nobody of the group joins \"d\"":                      script("", step+"do = \"push\"\nchannel = \"d\"\nevent = \"e\"\n"),
		"step 1 (await): nobody of the group joins \"d\"":                     script("", step+"do = \"await\"\nchannel = \"d\"\nevent = \"e\"\n"),
		"step 1 (push): {event.…} is a member of the event that was awaited":  strings.Replace(good, "do = \"send\"", "do = \"push\"\nevent = \"e\"\ndata = '{\"a\":{event.a}}'", 1),
		"step 1 (send): event is for the steps push, await":                   strings.Replace(good, "do = \"send\"", "do = \"send\"\nevent = \"e\"", 1),
		"step 1 (send): data is for the steps push":                           strings.Replace(good, "do = \"send\"", "do = \"send\"\ndata = \"1\"", 1),
		"step 1 (think): answer is for the steps push":                        script("", step+"do = \"think\"\nfor = \"1s\"\nanswer = \"a\"\n"),
		"step 1 (push): since is for the steps await":                         script("", step+"do = \"push\"\nchannel = \"c\"\nevent = \"e\"\nsince = \"time\"\n"),
		"it would run as fast as it can and wait for":                         strings.Replace(script("", step+"do = \"push\"\nchannel = \"c\"\nevent = \"e\"\nno_wait = true\n"), "count = 1", "count = 1\njoin = [\"c\"]", 1),
		"step 1 (send): a burst has 1 to 10,000 messages":                     strings.Replace(good, "do = \"send\"", "do = \"send\"\nburst = 10001", 1),
	} {
		s, err := scenario.Parse([]byte(text))
		if err == nil {
			err = s.Check()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q\ngot  %v\nof %s", want, err, text)
		}
	}
}

func TestGoodOne(t *testing.T) {
	t.Parallel()
	s, err := scenario.Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	roundTrip(t, s)
	if !s.Static("act") {
		t.Error("somebody comes or goes")
	}
	s.Users[0].Scripts[0].Steps = append(s.Users[0].Scripts[0].Steps, scenario.Step{Do: scenario.Leave, Channel: "c"})
	if s.Static("act") || !s.Static("arrive") == (s.Users[0].Scripts[0].Phase == "act") {
		t.Error("nobody leaves")
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.toml")
	if _, err := scenario.ReadFile(path); !os.IsNotExist(err) {
		t.Error(err)
	}
	for text, want := range map[string]string{good: "", "x = 1": path + ": line 1: there is no setting \"x\""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := scenario.ReadFile(path); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Whatever a file says, it is a scenario or an error.
func FuzzScenario(f *testing.F) {
	f.Add([]byte(good))
	names, _ := scenario.Builtins()
	for _, name := range names {
		s, err := scenario.Builtin(name, scenario.Options{Targets: one})
		if err != nil {
			f.Fatal(err)
		}
		text, err := s.TOML()
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := scenario.Parse(b)
		if err != nil || s.Check() != nil {
			return
		}
		text, err := s.TOML()
		if err != nil {
			t.Fatalf("it can't be written: %v", err)
		}
		again, err := scenario.Parse([]byte(text))
		if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		if err := again.Check(); err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
	})
}
