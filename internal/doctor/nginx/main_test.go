package nginx_test

import (
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"throng/internal/doctor/nginx"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// files is a tree of files by their contents.
func files(contents map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range contents {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func parse(t *testing.T, text string) *nginx.Config {
	t.Helper()
	c, err := nginx.Parse(files(map[string]string{"etc/nginx.conf": text}), "etc/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	return c
}
