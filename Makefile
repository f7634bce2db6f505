# throng's house work. Every target says what it does; `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO ?= go
ARGS ?=
FUZZTIME ?= 10s
BENCHTIME ?= 200ms
GOVULNCHECK ?= v1.1.4
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := $(if $(VERSION),-X throng/internal/cli.version=$(VERSION))

# Packages that start processes, browsers or crowds, or ask for what the test
# cache can't see: never from the cache, and those with crowds one at a time.
BROWSERS = ./test ./test/proxies ./test/bonus ./test/guide ./test/state ./test/visits
ALONE = . $$($(GO) list ./test/... | grep -vE '^throng/test(/(proxies|bonus|guide|state|visits))?$$')
# Packages tested at once: most of what they do is waiting for deadlines.
AT_ONCE = 4
# And tests of one at once, where they say that they may be.
PARALLEL = 6
TOGETHER = $$($(GO) list ./... | grep -vE '^throng(/test(/.*)?)?$$')
# What is raced at each change: the rooms whose goroutines share something. The others
# are codecs, readers of files, tools, and stores; make race has them all, and the
# gateway's tests on all fronts.
RACING = $$($(GO) list ./internal/... | grep -E '/(auth|bonus|broker/.*|census|certs|gateway(/.*)?|hub|loop|node|presence|rate|server|session(/.*)?|userstate)$$')

# Without SQLite, a great deal of translated C that takes minutes to check and compile.
LIGHT = -tags nosqlite

step = @printf '\n== %s\n' "$(1)"

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

.PHONY: build
build: ## build bin/throng
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/throng ./cmd/throng

.PHONY: run
run: build ## run the demo; it prints where to look (ARGS="--listen :8001" for more)
	@exec ./bin/throng demo $(ARGS)

.PHONY: setup
setup: ## install what the tests need: npm modules, chromium, nginx, haproxy, postgresql, sqlite3
	$(call step,setup)
	./tools/setup.sh

.PHONY: lint
lint: ## gofmt, go vet for three systems, staticcheck
	$(call step,gofmt)
	@unformatted=$$(find . -name node_modules -prune -o -name '*.go' -exec gofmt -l {} +); \
	if [ -n "$$unformatted" ]; then echo "gofmt these files:"; echo "$$unformatted"; exit 1; fi
	$(call step,go vet: linux darwin windows)
	GOOS=linux $(GO) vet $(LIGHT) ./...
	GOOS=darwin CGO_ENABLED=0 $(GO) vet $(LIGHT) ./...
	GOOS=windows CGO_ENABLED=0 $(GO) vet $(LIGHT) ./...
	$(call step,staticcheck)
	$(GO) tool staticcheck $(LIGHT) ./...

.PHONY: test
test: setup lint ## everything that must hold before a commit
	$(call step,go test: the rooms)
	$(GO) test -p $(AT_ONCE) -parallel $(PARALLEL) -timeout 5m $(TOGETHER)
	$(call step,go test -race: the rooms)
	TEST_FRONTS=epoll+tls,goroutine $(GO) test -p $(AT_ONCE) -parallel $(PARALLEL) -race $(LIGHT) -timeout 5m $(RACING)
	$(call step,go test: real clients + browsers + processes)
	$(GO) test -timeout 8m -count 1 -p 3 -parallel 2 $(BROWSERS)
	$(call step,go test: layers + crowds)
	$(GO) test -timeout 8m -count 1 -p 1 $(ALONE)

.PHONY: race
race: ## the rooms' tests under the race detector
	$(GO) test -race -timeout 10m . $(TOGETHER)
	$(GO) test -race -timeout 10m -count 1 -p 1 $$($(GO) list ./test/... | grep -vE '^throng/test(/ratchet)?$$')

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (10s)
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			printf '\n== %s %s\n' "$$package" "$$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x $$package; \
		done; \
	done

.PHONY: vuln
vuln: ## known vulnerabilities in what we use (govulncheck; needs vuln.go.dev)
	$(GO) run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK) ./...

.PHONY: bench
bench: ## throng's speed and memory beside the floor: tables and pages in bin/bench
	$(GO) run ./test/figures -out bin/bench

.PHONY: microbench
microbench: ## all Go benchmarks, short (BENCHTIME=200ms; those of a million with 10,000)
	$(GO) test -short -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -p 1 -timeout 30m ./...

.PHONY: docs
docs: ## write docs/configuration.md anew
	$(GO) generate ./internal/config

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
