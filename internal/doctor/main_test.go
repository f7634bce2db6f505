package doctor_test

import (
	"maps"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/goleak"

	"throng/internal/doctor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tree is the files of a machine: those of several fixtures, the later ones on top.
func tree(t testing.TB, names ...string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, name := range names {
		a, err := txtar.ParseFile("testdata/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return fsys
}

// set writes a file of the machine.
func set(fsys fstest.MapFS, name, text string) fstest.MapFS {
	fsys = maps.Clone(fsys)
	fsys[name] = &fstest.MapFile{Data: []byte(text)}
	return fsys
}

func machine(fsys fstest.MapFS, env ...string) *doctor.Machine {
	return &doctor.Machine{Root: fsys, System: "linux", Env: env, Page: 4096}
}

// subject is a server with throng's defaults; the rule from descriptors to
// connections is one that is easy to reckon with.
func subject(target int64) *doctor.Subject {
	return &doctor.Subject{
		Target: target, Within: func(descriptors int64) int64 { return max(1, descriptors-1000) },
		Ports: []int{8000, 9000}, Path: "/socket/websocket", Poll: "/socket/longpoll",
		Ping: 40 * time.Second, Silence: time.Minute,
	}
}

// verdicts are those that are not ok, by check.
func verdicts(checks []doctor.Check) map[string]doctor.Verdict {
	all := map[string]doctor.Verdict{}
	for _, c := range checks {
		if c.Verdict != doctor.OK {
			all[c.Name] = c.Verdict
		}
	}
	return all
}

// find is the check of a name.
func find(t *testing.T, checks []doctor.Check, name string) doctor.Check {
	t.Helper()
	for _, c := range checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %s", name)
	return doctor.Check{}
}
