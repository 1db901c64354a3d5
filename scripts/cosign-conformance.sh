#!/usr/bin/env bash
# Shows that the stock cosign programs accept what we sign and refuse the rest,
# by a registry with the referrers API and, where Debian's docker-registry is
# installed, by one without. Builds both programs in modules of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOEXPERIMENT=jsonv2
v2=$(scripts/peer.sh cosign github.com/sigstore/cosign/v2@v2.6.5 github.com/sigstore/cosign/v2/cmd/cosign)
v3=$(scripts/peer.sh cosign github.com/sigstore/cosign/v3@v3.1.3 github.com/sigstore/cosign/v3/cmd/cosign)
go run ./internal/sign/conformance "v2.6.5=$v2" "v3.1.3=$v3"

if ! command -v docker-registry >/dev/null; then
	echo "docker-registry is not installed (apt-get install docker-registry): not asked" >&2
	exit 0
fi
dir=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
cat >"$dir/config.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: $dir/data}}
http: {addr: "127.0.0.1:$port"}
log: {level: error}
END
docker-registry serve "$dir/config.yml" >"$dir/log" 2>&1 &
registry=$!
trap 'kill $registry; rm -rf "$dir"' EXIT
for _ in $(seq 50); do
	(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
	sleep 0.1
done
echo
go run ./internal/sign/conformance --registry "127.0.0.1:$port" "v2.6.5=$v2" "v3.1.3=$v3"
