package config_test

import (
	"strings"
	"testing"

	"throng/internal/config"
)

func TestUnknownNamesAreSuggested(t *testing.T) {
	for _, test := range []struct {
		file, env, set string
		msg, hint      string
	}{
		{file: "lsten = []", msg: ":1: lsten: unknown setting", hint: "did you mean listen?"},
		{file: "\n\n[engine]\nlops = 1", msg: ":4: engine.lops: unknown setting", hint: "did you mean engine.loops?"},
		{file: "engine.lopos = 1", msg: ":1: engine.lopos: unknown setting", hint: "did you mean engine.loops?"},
		{file: "engine = { \n slcie = 1 }", msg: ":2: engine.slcie: unknown setting", hint: "did you mean engine.slice?"},
		{file: "[phoenix]\nidle_timout = \"1s\"", msg: ":2: phoenix.idle_timout: unknown setting", hint: "did you mean phoenix.idle_timeout?"},
		{file: "[http]\nmax_message_bytes = 1", msg: ":2: http.max_message_bytes: unknown setting", hint: "did you mean websocket.max_message_bytes?"},
		{file: "level = \"info\"", msg: ":1: level: unknown setting", hint: "did you mean log.level?"},
		{file: "\"engine.loops\" = 3", msg: `:1: "engine.loops": unknown setting`, hint: "did you mean engine.loops?"},
		{file: "\n[engin]\nloops = 1", msg: ":2: engin: unknown section", hint: "did you mean engine?"},
		{file: "[database]", msg: ":1: database: unknown section", hint: "`throng config example` shows every setting"},
		{file: "[engine.loop]\nx = 1", msg: ":1: engine.loop: unknown section", hint: "did you mean engine.loops?"},
		{file: "xyzzy = 1", msg: ":1: xyzzy: unknown setting", hint: "`throng config example` shows every setting"},
		{file: "[[namespace]]\nname = \"a\"\nhistory-size = 1", msg: ":3: namespace.history-size: unknown setting", hint: "did you mean namespace.history_size?"},
		{file: "[[namespace]]\nname = \"a\"\n[[namespace]]\nname = \"b\"\nhistory = 1", msg: ":5: namespace.history: unknown setting", hint: "did you mean namespace.history_ttl?"},
		{file: "namespace = [\n{ name = \"a\" },\n{ name = \"b\",\n publsh = \"nobody\" }]", msg: ":4: namespace.publsh: unknown setting", hint: "did you mean namespace.publish?"},
		{env: "THRONG_LISTN=:1", msg: "THRONG_LISTN: unknown setting", hint: "did you mean THRONG_LISTEN?"},
		{env: "THRONG_LOOPS=1", msg: "THRONG_LOOPS: unknown setting", hint: "did you mean THRONG_ENGINE_LOOPS?"},
		{env: "THRONG_PHONIX_PATH=/x", msg: "THRONG_PHONIX_PATH: unknown setting", hint: "did you mean THRONG_PHOENIX_PATH?"},
		{env: "THRONG_NAMESPACE_CHAT=1", msg: "THRONG_NAMESPACE_CHAT: it can't be set here", hint: "namespace tables are written in the file: [[namespace]]"},
		{set: "engine.lops=1", msg: "--set engine.lops: unknown setting", hint: "did you mean engine.loops?"},
		{set: "namespace.name=x", msg: "--set namespace.name: it can't be set here", hint: "namespace tables are written in the file: [[namespace]]"},
		{set: "=x", msg: "--set : unknown setting", hint: "`throng config example` shows every setting"},
	} {
		t.Run(test.file+test.env+test.set, func(t *testing.T) {
			opts := config.LoadOptions{}
			if test.file != "" {
				opts.File = write(t, test.file)
			}
			if test.env != "" {
				opts.Env = []string{test.env}
			}
			if key, value, ok := strings.Cut(test.set, "="); ok {
				opts.Set = map[string]string{key: value}
			}
			errs := refused(t, opts)
			if got := strings.TrimPrefix(errs[0].Msg, opts.File); got != test.msg {
				t.Errorf("message %q, want %q", got, test.msg)
			}
			if errs[0].Hint != test.hint {
				t.Errorf("hint %q, want %q", errs[0].Hint, test.hint)
			}
			if len(errs) != 1 {
				t.Errorf("%d errors: %v", len(errs), errs)
			}
		})
	}
}
