#!/usr/bin/env bash
# Holds this gate's cost against the trivy program of the same version. Give a
# real database with IMAGEGATE_BENCH_DB (a directory of trivy.db and
# metadata.json); without one the demo's few advisories serve.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOEXPERIMENT=jsonv2
version=$(go list -m -f '{{.Version}}' github.com/aquasecurity/trivy)
trivy=$(scripts/peer.sh trivy "github.com/aquasecurity/trivy@$version" github.com/aquasecurity/trivy/cmd/trivy)
GOROOT=$(go env GOROOT) exec go run ./internal/bench --imagegate bin/imagegate --trivy "$trivy" --db "${IMAGEGATE_BENCH_DB:-}" "$@"
