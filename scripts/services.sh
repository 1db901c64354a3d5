#!/usr/bin/env bash
# Installs the servers that the tests run against, as far as they are missing, by
# apt-get: PostgreSQL, Redis and a registry. Needs root for that. The tests start
# the programs themselves (internal/servertest), so this makes no database
# cluster and starts no daemon.
set -euo pipefail
shopt -s nullglob

missing=()
initdb=(/usr/lib/postgresql/*/bin/initdb)
command -v initdb >/dev/null || ((${#initdb[@]})) || missing+=(postgresql)
for program in redis-server docker-registry; do
	command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]} == 0)); then
	echo "services: PostgreSQL, Redis and docker-registry are installed"
	exit 0
fi
if ((EUID != 0)); then
	echo "services: missing ${missing[*]}: run this as root, or install it yourself" >&2
	exit 1
fi
if ! command -v apt-get >/dev/null; then
	echo "services: missing ${missing[*]}, and there is no apt-get: install it by this system's own means" >&2
	exit 1
fi

# Two files tell Debian's packages to start nothing, and are taken away again.
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.d
mkdir -p $clusters
made=("$clusters/imagegate-tests.conf")
[ -e $policy ] || made+=("$policy") # what is there is this system's own
trap 'rm -f "${made[@]}"; rmdir --ignore-fail-on-non-empty $clusters' EXIT
echo 'create_main_cluster = false' >$clusters/imagegate-tests.conf
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod +x $policy
fi

echo "services: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends "${missing[@]}"
