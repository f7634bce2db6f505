package config_test

import (
	"strings"
	"testing"

	"throng/internal/config"
)

// A buffer of 0 would be the ledger's default, 100,000, and not none.
func TestVisitsBuffer(t *testing.T) {
	if _, err := config.Load(config.LoadOptions{Set: map[string]string{"visits.buffer": "0"}}); err == nil || !strings.Contains(err.Error(), "visits.buffer") {
		t.Errorf("a buffer of 0: %v", err)
	}
	c, err := config.Load(config.LoadOptions{Set: map[string]string{"visits.buffer": "1"}})
	if err != nil || c.Visits.Buffer != 1 {
		t.Errorf("a buffer of 1: %v", err)
	}
}
