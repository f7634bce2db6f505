package api

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"throng"
)

// fromParameters makes the JSON of a request from the parameters of a URL. One that
// the method does not know is an error: who means to filter shall not get everything.
func fromParameters(request reflect.Type, given url.Values) ([]byte, *throng.Error) {
	members := make(map[string]json.RawMessage, len(given))
	for name, values := range given {
		kind, known := memberKind(request, name)
		if !known {
			return nil, bad("%s: there is no such parameter", name)
		}
		if len(values) != 1 {
			return nil, bad("%s: it comes once", name)
		}
		value, ok := parameter(kind, values[0])
		if !ok {
			return nil, bad("%s: a %s is needed", name, map[bool]string{true: "true or false", false: "whole number"}[kind == reflect.Bool])
		}
		members[name] = value
	}
	b, _ := json.Marshal(members) // each is JSON
	return b, nil
}

// memberKind finds a member of a request.
func memberKind(request reflect.Type, name string) (reflect.Kind, bool) {
	for _, f := range reflect.VisibleFields(request) {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name && tag != "" {
			return f.Type.Kind(), true
		}
	}
	return 0, false
}

// parameter is the JSON of one. A name without a value is as good as true.
func parameter(kind reflect.Kind, value string) (json.RawMessage, bool) {
	switch kind {
	case reflect.Bool:
		if value == "" {
			return json.RawMessage("true"), true
		}
		b, err := strconv.ParseBool(value)
		return json.RawMessage(strconv.FormatBool(b)), err == nil
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(value, 10, 64)
		return json.RawMessage(strconv.FormatInt(n, 10)), err == nil
	}
	b, err := json.Marshal(value)
	return b, err == nil
}
