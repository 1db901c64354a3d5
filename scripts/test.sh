#!/usr/bin/env bash
# Runs every test. With the race detector where a C compiler is at hand.
set -euo pipefail
export GOEXPERIMENT=jsonv2
race=()
if [ "${RACE:-}" = 1 ]; then
	export CGO_ENABLED=1
	race=(-race)
fi
exec go test -timeout 25m "${race[@]}" "$@" ./...
