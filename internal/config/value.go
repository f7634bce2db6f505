package config

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"
)

// set reads raw into the field of holder, a section's struct, and checks it.
func (f field) set(holder reflect.Value, raw any) *Error {
	if f.secret() && !f.readable(raw) { // whose error would repeat it
		return fail("write printable text in quotes; a secret of any bytes goes into a file", "it is not text")
	}
	v, err := f.read(raw)
	if err != nil {
		return err
	}
	holder.Field(f.index).Set(reflect.ValueOf(v))
	return nil
}

// readable reports whether raw is text, or a list of it, as the field wants.
func (f field) readable(raw any) bool {
	var err *Error
	if f.typ.Kind() == reflect.Slice {
		_, err = readList(raw)
	} else {
		_, err = readString(raw)
	}
	return err == nil
}

// read returns raw as a value of the field's type.
func (f field) read(raw any) (any, *Error) {
	switch reflect.Zero(f.typ).Interface().(type) {
	case bool:
		return readBool(raw)
	case int:
		n, err := readInt(raw)
		return n, between(f, n, err, readInt)
	case Size:
		n, err := readSize(raw)
		return n, between(f, n, err, readSize)
	case time.Duration:
		d, err := readDuration(raw)
		return d, between(f, d, err, readDuration)
	case string:
		s, err := readString(raw)
		return s, f.checked(err, s)
	case []string:
		list, err := readList(raw)
		return list, f.checked(err, list...)
	}
	panic("config: no reader for the type of " + f.key)
}

// between checks a value against the field's min and max, which the same reader
// understands. A value without limits has none of the two tags.
func between[T cmp.Ordered](f field, v T, err *Error, read func(any) (T, *Error)) *Error {
	if err != nil {
		return err
	}
	low, high := f.tag.Get("min"), f.tag.Get("max")
	if lowest, e := read(text(low)); e == nil && v < lowest {
		return fail("it goes from "+low+" to "+high, "%v is too small, the least is %s", v, low)
	}
	if highest, e := read(text(high)); e == nil && v > highest {
		return fail("it goes from "+low+" to "+high, "%v is too large, the most is %s", v, high)
	}
	return nil
}

// checked checks strings against the field's words or its named check.
func (f field) checked(err *Error, values ...string) *Error {
	if err != nil {
		return err
	}
	words := f.words()
	for _, v := range values {
		if len(words) == 0 {
			err = check(f.tag.Get("check"), v)
		} else if !slices.Contains(words, v) {
			err = unknownWord(f, v, words)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func unknownWord(f field, v string, words []string) *Error {
	hint := "it is one of " + strings.Join(words, ", ")
	if f.name == "client_events" && v == "backend" {
		hint = "\"backend\" comes with backend hooks, which this version does not have yet; use deny or broadcast"
	}
	return fail(hint, "%q is not a value of %s", v, f.key)
}
