package throng_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"throng"
)

func TestAsError(t *testing.T) {
	for _, c := range []struct {
		err  error
		want *throng.Error
	}{
		{throng.ErrExpired, throng.ErrExpired},
		{fmt.Errorf("publish: %w", throng.ErrTooManyRequests), throng.ErrTooManyRequests},
		{errors.Join(errors.New("first"), throng.ErrBadRequest), throng.ErrBadRequest},
		{throng.ErrClosed, throng.ErrInternal},
		{throng.ErrFenced, throng.ErrInternal},
		{errors.New("password of the database: 1234"), throng.ErrInternal},
	} {
		if got := throng.AsError(c.err); got != c.want {
			t.Errorf("AsError(%v) = %v, want %v", c.err, got, c.want)
		}
	}
}

// Codes and words are what clients go by: each once.
func TestCodesAreUnique(t *testing.T) {
	seen := map[string]string{} // "Error 100" → its name
	for _, d := range declared(t) {
		for _, key := range []string{d.kind + " " + d.code, d.kind + " " + d.text} {
			if key == d.kind+" " {
				continue // the code of another one, of which it is a case
			}
			if other := seen[key]; other != "" {
				t.Errorf("%s and %s are both %s", other, d.name, key)
			}
			seen[key] = d.name
		}
	}
	if len(seen) < 60 {
		t.Errorf("only %d found: the test reads the source wrongly", len(seen)/2)
	}
}

func TestDisconnectFinal(t *testing.T) {
	for d, final := range map[*throng.Disconnect]bool{
		throng.DisconnectShutdown: false, throng.DisconnectSlow: false, throng.DisconnectTooManyRequests: false,
		throng.DisconnectInvalidToken: true, throng.DisconnectForce: true, throng.DisconnectTooManyErrors: true,
	} {
		if d.Final() != final {
			t.Errorf("%d %s: Final() = %v", d.Code, d.Reason, !final)
		}
	}
}

type declaration struct{ name, kind, code, text string }

// declared finds the package's variables that are made as &Error{code, text, …}
// or &Disconnect{code, text}.
func declared(t *testing.T) (list []declaration) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				return true
			}
			if d, ok := coded(v); ok {
				list = append(list, d)
			}
			return true
		})
	}
	return list
}

func coded(v *ast.ValueSpec) (d declaration, ok bool) {
	address, ok := v.Values[0].(*ast.UnaryExpr)
	if !ok {
		return d, false
	}
	lit, ok := address.X.(*ast.CompositeLit)
	if !ok || len(lit.Elts) < 2 {
		return d, false
	}
	kind, ok := lit.Type.(*ast.Ident)
	if !ok || kind.Name != "Error" && kind.Name != "Disconnect" {
		return d, false
	}
	value := func(e ast.Expr) string {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			e = kv.Value
		}
		if b, ok := e.(*ast.BasicLit); ok {
			return b.Value
		}
		return ""
	}
	return declaration{v.Names[0].Name, kind.Name, value(lit.Elts[0]), value(lit.Elts[1])}, true
}
