#!/usr/bin/env bash
# Builds the container image with what is at hand.
# usage: scripts/image.sh VERSION
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:-dev}
for tool in docker podman buildah; do
	if command -v "$tool" >/dev/null; then
		exec "$tool" build --build-arg "VERSION=$version" -t "imagegate:$version" .
	fi
done
echo "image: none of docker, podman and buildah is installed" >&2
exit 1
