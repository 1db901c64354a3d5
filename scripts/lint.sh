#!/usr/bin/env bash
# Runs golangci-lint, which also holds the import rules (depguard).
set -euo pipefail
cd "$(dirname "$0")/.."
export GOEXPERIMENT=jsonv2
lint=$(scripts/peer.sh golangci-lint github.com/golangci/golangci-lint/v2@v2.15.0 github.com/golangci/golangci-lint/v2/cmd/golangci-lint)
exec "$lint" run "$@" ./...
