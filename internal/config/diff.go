package config

import "reflect"

// Diff returns the keys of the settings in which two configurations differ, in the
// order of the reference; "namespace" if any namespace does.
func Diff(a, b *Config) (keys []string) {
	for _, s := range sections() {
		if s.list {
			if !reflect.DeepEqual(s.of(a).Interface(), s.of(b).Interface()) {
				keys = append(keys, s.name)
			}
			continue
		}
		x, y := s.of(a), s.of(b)
		for _, f := range s.fields {
			if !reflect.DeepEqual(x.Field(f.index).Interface(), y.Field(f.index).Interface()) {
				keys = append(keys, f.key)
			}
		}
	}
	return keys
}
