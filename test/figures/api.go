//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// call calls the server API with the key of development.
func call(internal, method, body string) error { return ask(internal, method, body, nil) }

// ask is call, with a result.
func ask(internal, method, body string, result any) error {
	r, err := http.NewRequest(http.MethodPost, internal+"/api/"+method, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("X-API-Key", "dev")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var reply struct{ Error, Result json.RawMessage }
	if err := json.NewDecoder(answer.Body).Decode(&reply); err != nil || answer.StatusCode != http.StatusOK || reply.Error != nil {
		return fmt.Errorf("%s: %s %s %w", method, answer.Status, reply.Error, err)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(reply.Result, result)
}

// create offers a bonus to a channel for a number of seconds.
func create(internal, id, channel string, quota, seconds int) error {
	return call(internal, "bonus_create", fmt.Sprintf(`{"id":%q,"quota":%d,"duration_ms":%d,"data":{"text":"A coffee for the first of you"},"audience":{"channel":%q}}`,
		id, quota, 1000*seconds, channel))
}

// journal counts who has a bonus, each user once.
func journal(internal, id string) (int64, error) {
	users, cursor := map[string]bool{}, ""
	for {
		var page struct {
			Claims []struct{ User string }
			Next   string
		}
		if err := ask(internal, "bonus_claims", fmt.Sprintf(`{"id":%q,"limit":1000,"cursor":%q}`, id, cursor), &page); err != nil {
			return 0, err
		}
		for _, c := range page.Claims {
			if users[c.User] {
				return 0, fmt.Errorf("bonus %s: %s has it twice", id, c.User)
			}
			users[c.User] = true
		}
		if cursor = page.Next; cursor == "" {
			return int64(len(users)), nil
		}
	}
}
