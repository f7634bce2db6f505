package api_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3gen"

	"throng"
	"throng/internal/api"
)

// The description and the reference are made here and not in the program: only the
// tests carry the library.
func TestGenerated(t *testing.T) {
	made, err := json.MarshalIndent(describe(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const page, begin = "../../docs/api.md", "<!-- What follows is generated: go generate ./internal/api -->\n"
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	intro, _, ok := strings.Cut(string(old), begin)
	if !ok {
		t.Fatalf("%s has no line %s", page, begin)
	}
	for path, want := range map[string][]byte{
		"openapi.json": append(made, '\n'),
		page:           []byte(intro + begin + reference()),
	} {
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if is, err := os.ReadFile(path); err != nil || !bytes.Equal(is, want) {
			t.Errorf("%s is stale (%v); run: go generate ./internal/api", path, err)
		}
	}
}

// describe makes the OpenAPI document from the table of methods.
func describe(t *testing.T) *openapi3.T {
	t.Helper()
	doc := &openapi3.T{
		OpenAPI: "3.0.3",
		Info: &openapi3.Info{
			Title: "throng server API", Version: "1",
			Description: "For the backend of an application. Requests and results are those of the Centrifugo server API, and more.",
		},
		Paths: openapi3.NewPaths(),
		Components: &openapi3.Components{
			Schemas: openapi3.Schemas{"Error": generate(t, reflect.TypeFor[throng.Error](), true)},
			SecuritySchemes: openapi3.SecuritySchemes{
				"key":    {Value: openapi3.NewSecurityScheme().WithType("apiKey").WithIn("header").WithName("X-API-Key")},
				"apikey": {Value: openapi3.NewSecurityScheme().WithType("apiKey").WithIn("header").WithName("Authorization").WithDescription("The word apikey, a space, and the key.")},
			},
		},
		Security: *openapi3.NewSecurityRequirements().
			With(openapi3.NewSecurityRequirement().Authenticate("key")).
			With(openapi3.NewSecurityRequirement().Authenticate("apikey")),
	}
	failure := openapi3.NewSchemaRef("#/components/schemas/Error", doc.Components.Schemas["Error"].Value)
	for _, m := range api.Methods() {
		item := &openapi3.PathItem{Post: operation(t, &m, failure)}
		if m.Streams() {
			item.Get = byURL(t, &m, item.Post)
		}
		doc.Paths.Set("/api/"+m.Name, item)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatalf("the description is not OpenAPI: %v", err)
	}
	return doc
}

func operation(t *testing.T, m *api.Method, why *openapi3.SchemaRef) *openapi3.Operation {
	result := generate(t, m.Result, true)
	answer := openapi3.NewObjectSchema().WithPropertyRef("result", result).WithRequired([]string{"result"})
	if m.Bare() {
		answer = result.Value
	}
	answer.AdditionalProperties = openapi3.AdditionalProperties{Has: new(bool)}
	failure := openapi3.NewObjectSchema().WithPropertyRef("error", why).WithRequired([]string{"error"})
	failure.AdditionalProperties = answer.AdditionalProperties
	op := openapi3.NewOperation()
	op.OperationID, op.Summary = m.Name, m.Doc
	op.RequestBody = &openapi3.RequestBodyRef{Value: openapi3.NewRequestBody().WithRequired(true).
		WithJSONSchemaRef(generate(t, m.Request, false))}
	if m.Streams() {
		streamed(op, result, failure)
	} else {
		op.AddResponse(200, openapi3.NewResponse().WithDescription("The result, or why there is none.").
			WithJSONSchema(openapi3.NewOneOfSchema(answer, failure)))
	}
	for status, text := range map[int]string{401: "There is no key, or a wrong one.", 413: "The body is too large."} {
		op.AddResponse(status, openapi3.NewResponse().WithDescription(text))
	}
	return op
}

// streamed describes answers that are lines: what is in each of them, as CSV or JSON.
func streamed(op *openapi3.Operation, line *openapi3.SchemaRef, why *openapi3.Schema) {
	op.AddResponse(200, openapi3.NewResponse().WithDescription("A line for each.").WithContent(openapi3.Content{
		"text/csv":             openapi3.NewMediaType().WithSchema(openapi3.NewStringSchema()),
		"application/x-ndjson": openapi3.NewMediaType().WithSchemaRef(line),
	}))
	for _, status := range []int{400, 403, 429, 500, 501} {
		op.AddResponse(status, openapi3.NewResponse().WithDescription("Why there are none.").WithJSONSchema(why))
	}
}

// byURL is the operation where the members are parameters of the URL.
func byURL(t *testing.T, m *api.Method, post *openapi3.Operation) *openapi3.Operation {
	op := *post
	op.OperationID, op.RequestBody = m.Name+"_by_url", nil
	all := generate(t, m.Request, false).Value.Properties
	for _, name := range slices.Sorted(maps.Keys(all)) {
		schema := all[name]
		if schema.Value.Type == nil { // any JSON: a time, as text
			schema = openapi3.NewSchemaRef("", openapi3.NewStringSchema())
		}
		op.Parameters = append(op.Parameters, &openapi3.ParameterRef{
			Value: openapi3.NewQueryParameter(name).WithDescription(all[name].Value.Description).WithSchema(schema.Value),
		})
	}
	return &op
}

// generate makes the schema of a struct. A closed one has no other members: so that
// tests find what an answer has and the description has not.
func generate(t *testing.T, of reflect.Type, closed bool) *openapi3.SchemaRef {
	t.Helper()
	custom := func(_ string, typ reflect.Type, tag reflect.StructTag, s *openapi3.Schema) error {
		if doc := tag.Get("doc"); doc != "" {
			s.Description = doc
		}
		if typ == reflect.TypeFor[json.RawMessage]() {
			s.Nullable = true
		}
		if typ.Kind() == reflect.Struct {
			if closed {
				s.AdditionalProperties = openapi3.AdditionalProperties{Has: new(bool)}
			}
			s.Required = required(typ)
		}
		return nil
	}
	ref, err := openapi3gen.NewSchemaRefForValue(reflect.New(of).Interface(), openapi3.Schemas{}, openapi3gen.SchemaCustomizer(custom))
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// required are the members of a struct that are always there.
func required(typ reflect.Type) (names []string) {
	for _, f := range members(typ) {
		if name, rest, _ := strings.Cut(f.Tag.Get("json"), ","); !strings.Contains(rest, "omitempty") {
			names = append(names, name)
		}
	}
	return names
}

// members are the fields of a struct that are in its JSON.
func members(typ reflect.Type) (list []reflect.StructField) {
	for _, f := range reflect.VisibleFields(typ) {
		if f.Tag.Get("json") != "" && f.Tag.Get("json") != "-" {
			list = append(list, f)
		}
	}
	return list
}

// reference is the generated part of docs/api.md.
func reference() string {
	var b strings.Builder
	for _, m := range api.Methods() {
		b.WriteString("\n### " + m.Name + "\n\n" + m.Doc + "\n")
		table(&b, "Request", m.Request)
		table(&b, map[bool]string{false: "Result", true: "Line"}[m.Streams()], m.Result)
	}
	return b.String()
}

func table(b *strings.Builder, title string, typ reflect.Type) {
	list := members(typ)
	if len(list) == 0 {
		return
	}
	b.WriteString("\n| " + title + " | Type | Meaning |\n|---|---|---|\n")
	for _, f := range list {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		b.WriteString("| `" + name + "` | " + kind(f.Type) + " | " + strings.ReplaceAll(f.Tag.Get("doc"), "|", `\|`) + " |\n")
	}
	for _, f := range list {
		if inner := structOf(f.Type); inner != nil && strings.HasPrefix(inner.PkgPath(), "throng/internal/api") {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			table(b, "in `"+name+"`", inner)
		}
	}
}

// structOf is the struct that a type is, points to, or holds.
func structOf(typ reflect.Type) reflect.Type {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct {
		return nil
	}
	return typ
}

// kind is a type in words of JSON.
func kind(typ reflect.Type) string {
	switch {
	case typ == reflect.TypeFor[json.RawMessage]():
		return "any"
	case typ.Kind() == reflect.Pointer:
		return kind(typ.Elem())
	case typ.Kind() == reflect.Slice:
		return "list of " + kind(typ.Elem())
	case typ.Kind() == reflect.Map:
		return "object of " + kind(typ.Elem())
	case typ.Kind() == reflect.Struct:
		return "object"
	case typ.Kind() == reflect.Bool:
		return "boolean"
	case typ.Kind() == reflect.String:
		return "string"
	case typ.Kind() == reflect.Interface:
		return "any"
	}
	return "integer"
}
