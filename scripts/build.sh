#!/usr/bin/env bash
# Builds the imagegate program and shows that it is alive while it does: the
# first build compiles Trivy and cosign, which takes minutes.
# usage: scripts/build.sh OUTPUT LDFLAGS
set -euo pipefail
output=$1 ldflags=$2

if ! command -v go >/dev/null; then
	echo "build: Go is not installed; get 1.26 or newer from https://go.dev/dl/" >&2
	exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
started=$SECONDS
go build -v -ldflags "$ldflags" -o "$output" ./cmd/imagegate 2>"$log" &
build=$!

said=0
while kill -0 "$build" 2>/dev/null; do
	sleep 0.5
	if (( SECONDS - started >= 5 && said == 0 )); then
		said=1
		echo "building $output: the first build compiles Trivy and cosign, about ten minutes on two cores" >&2
	fi
	if (( said == 1 )) && [ -t 2 ]; then
		printf '\r  %4ds, %5d packages compiled' "$((SECONDS - started))" "$(wc -l <"$log")" >&2
	elif (( said == 1 && (SECONDS - started) % 30 == 0 )); then
		echo "  $((SECONDS - started))s, $(wc -l <"$log") packages compiled" >&2
		sleep 1
	fi
done
if (( said == 1 )) && [ -t 2 ]; then echo >&2; fi
if ! wait "$build"; then
	grep -vE '^[a-z0-9./_-]+$' "$log" >&2 || cat "$log" >&2
	exit 1
fi
