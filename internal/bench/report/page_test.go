package report_test

import (
	"os"
	"testing"
)

func TestLook(t *testing.T) {
	f, err := os.Create(os.Getenv("LOOK"))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	if err := usual().WriteHTML(f); err != nil {
		t.Fatal(err)
	}
}
