package throng_test

import (
	"encoding/json"
	"testing"

	"throng"
)

func TestClientIDText(t *testing.T) {
	id := throng.NewClientID()
	if id == throng.NewClientID() {
		t.Fatal("two new ids are equal")
	}
	text, err := json.Marshal(throng.ClientInfo{User: "ann", Client: id})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"user":"ann","client":"` + id.String() + `"}`; string(text) != want {
		t.Errorf("as JSON: %s, want %s", text, want)
	}
	var back throng.ClientInfo
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if back.Client != id {
		t.Errorf("came back as %v, want %v", back.Client, id)
	}
	var zero throng.ClientID
	if got, want := zero.String(), "00000000000000000000000000000000"; got != want {
		t.Errorf("the zero id is %s, want %s", got, want)
	}
}

func TestClientIDRefusesOtherText(t *testing.T) {
	for _, text := range []string{"", "0", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef00", "0123456789abcdef0123456789abcdeg"} {
		var id throng.ClientID
		if err := id.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was accepted as %v", text, id)
		}
	}
}
