#!/usr/bin/env bash
# Builds a program that this project is held against, or uses as a tool, in a Go
# module of its own, so that its dependencies do not touch ours. Prints the
# program's path. Built once, under IMAGEGATE_PEERS or the user's cache.
# usage: scripts/peer.sh NAME MODULE@VERSION PACKAGE
set -euo pipefail
name=$1 module=${2%@*} version=${2#*@} package=$3
dir=${IMAGEGATE_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/imagegate-peers}/$name-$version
program=$dir/$name

if [ ! -x "$program" ]; then
	mkdir -p "$dir"
	cd "$dir"
	if [ ! -f go.mod ]; then
		go mod init "peer/$name" 2>/dev/null
		go mod edit -require="$module@$version"
	fi
	echo "building $name $version, once; this takes minutes" >&2
	GOFLAGS=-mod=mod CGO_ENABLED=0 go build -o "$program.new" "$package" >&2
	mv "$program.new" "$program"
fi
echo "$program"
