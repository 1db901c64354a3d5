#!/usr/bin/env bash
# Builds both container images, imagegate and gatectl, with what is at hand.
# Further arguments go to the build: with podman and buildah, for example, a
# builder of your own and this machine's Go caches, which saves the ten minutes
# of the first compilation:
#   scripts/image.sh v1 --build-arg BUILDER=localhost/golang:1.26 \
#     -v "$(go env GOMODCACHE):/root/go/pkg/mod" -v "$(go env GOCACHE):/root/.cache/go-build"
# usage: scripts/image.sh [VERSION [BUILD-ARGUMENT…]]
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:-dev}
shift || true
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)

for tool in docker podman buildah; do
	# A docker client without its daemon builds nothing.
	if command -v "$tool" >/dev/null && { [ "$tool" != docker ] || docker info >/dev/null 2>&1; }; then
		for target in gatectl imagegate; do
			"$tool" build --target "$target" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
				-t "$target:$version" "$@" .
		done
		exit
	fi
done
echo "image: neither docker with its daemon, podman nor buildah is there: install one, for example apt-get install buildah" >&2
exit 1
