#!/usr/bin/env bash
# Runs every test.
set -euo pipefail
export GOEXPERIMENT=jsonv2 CGO_ENABLED=0 GOFLAGS=-trimpath
go test -timeout 25m "$@" ./...
