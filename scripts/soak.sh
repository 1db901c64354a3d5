#!/usr/bin/env bash
# Kills and starves two replicas of the service and what they need, one after
# the other, under load, and counts whether every request was answered once
# (internal/soak). Needs the programs of Debian's postgresql, redis-server and
# docker-registry; as root it fills a disk, too. Give a real vulnerability
# database with IMAGEGATE_BENCH_DB, as to scripts/bench.sh.
# usage: scripts/soak.sh [-short] [-n EVALUATIONS] [-only FAULT] [-keep]
set -euo pipefail
cd "$(dirname "$0")/.."
export GOEXPERIMENT=jsonv2
toxiproxy=$(scripts/peer.sh toxiproxy-server github.com/Shopify/toxiproxy/v2@v2.5.0 github.com/Shopify/toxiproxy/v2/cmd/server)
exec go run ./internal/soak -imagegate bin/imagegate -toxiproxy "$toxiproxy" -db "${IMAGEGATE_BENCH_DB:-}" "$@"
