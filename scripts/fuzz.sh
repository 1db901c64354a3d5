#!/usr/bin/env bash
# Fuzzes every target for some seconds, one after the other, and stops at the
# first input that breaks one: go keeps it in the package's testdata/fuzz, where
# every later test tries it. Packages can be named, else it is all of them;
# internal/scan's compile Trivy anew, as all that is fuzzed is instrumented.
# usage: scripts/fuzz.sh [SECONDS_EACH [PACKAGE_DIRECTORY...]]
set -euo pipefail
cd "$(dirname "$0")/.."
export GOEXPERIMENT=jsonv2 CGO_ENABLED=0 GOFLAGS=-trimpath
each=${1:-60}
dirs=("${@:2}")
((${#dirs[@]})) || mapfile -t dirs < <(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u)
out=$(mktemp)
trap 'rm -f "$out"' EXIT
targets=0
executions=0
for dir in "${dirs[@]}"; do
	for target in $(grep -hoP '^func \KFuzz\w+(?=\()' "$dir"/*_test.go); do
		status=0
		# By default a minute may go into making one interesting input smaller,
		# which for a tar is all there is.
		go test -run='^$' -fuzz="^$target\$" -fuzztime="${each}s" -fuzzminimizetime=1s "./${dir#./}" >"$out" 2>&1 || status=$?
		count=$(grep -oP 'execs: \K\d+' "$out" | tail -n 1 || true)
		# Go counts an execution that its own time limit cut off as a failure.
		if ((status)) && { grep -q 'Failing input written' "$out" || ! grep -q 'context deadline exceeded' "$out"; }; then
			cat "$out" >&2
			echo "fuzz: ${dir#./} $target broke" >&2
			exit 1
		fi
		echo "${dir#./} $target: ${count:-0} executions"
		targets=$((targets + 1))
		executions=$((executions + ${count:-0}))
	done
done
echo "fuzz: $targets targets, $executions executions, $((SECONDS / 60)) min $((SECONDS % 60)) s, nothing broke"
