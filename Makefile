# imagegate: every target is thin over a go command or a script.
# Trivy needs encoding/json/v2, which Go 1.26 has behind an experiment.
export GOEXPERIMENT := jsonv2
# One set of flags for all targets, so that they share one compilation, and no
# path of the machine in the program.
export CGO_ENABLED := 0
export GOFLAGS := -trimpath

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
BIN := bin/imagegate
CTL := bin/gatectl
FAST := ./internal/gate/... ./internal/policy/... ./internal/layer/... ./internal/registry/... ./internal/store/... ./internal/report/... ./internal/worker/... ./internal/settings/... ./internal/servertest/... ./internal/scan/sharedlayers/... ./internal/scan/layercache/... ./internal/identity/... ./internal/workload/... ./server/... ./client/... ./cmd/gatectl/...

.DEFAULT_GOAL := help
.PHONY: help build gatectl demo test test-fast vet race lint bench bench-cluster fuzz soak e2e generate image clean

help: ## list what make can do
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/imagegate (the first build compiles Trivy and cosign: about ten minutes on two cores)
	@scripts/build.sh $(BIN) "$(LDFLAGS)"

gatectl: ## build bin/gatectl, the thin client of pipelines (seconds)
	@go build -ldflags "$(LDFLAGS)" -o $(CTL) ./cmd/gatectl

demo: build ## check eight instructive images against a registry and a gate on loopback
	@$(BIN) demo

test: ## run every test (about fifteen minutes the first time, most of it compiling)
	@scripts/test.sh

test-fast: ## run the tests of the domain packages, which compile neither Trivy nor cosign
	go test $(FAST)

vet: ## run go vet
	go vet ./...

race: ## run the tests of make test-fast under the race detector (needs a C compiler)
	CGO_ENABLED=1 GOFLAGS= go test -race $(FAST)

lint: ## run golangci-lint, which holds the import rules
	@scripts/lint.sh

bench: build ## print this gate's cost as ratios to the trivy program's, in one run
	@scripts/bench.sh

bench-cluster: build ## print the cost of admission reviews with 100,000 verdicts stored, and of a rescan of 1,000 images
	@go run ./internal/bench --imagegate $(BIN) --cluster

fuzz: ## fuzz every target for a minute, the first time with ten more of compiling Trivy (scripts/fuzz.sh takes seconds and packages)
	@scripts/fuzz.sh

soak: build ## kill and starve two replicas and all they need, under load, and count the answers (ten minutes; scripts/soak.sh says what it needs)
	@scripts/soak.sh

e2e: build ## the whole way on a real cluster; needs one, with Tekton and a registry (scripts/e2e.sh says what)
	@scripts/e2e.sh

generate: ## write generated code and docs/checks.md again
	go generate ./...

image: ## build the container image (needs buildah or docker)
	@scripts/image.sh $(VERSION)

clean: ## remove what make built
	rm -rf bin dist
