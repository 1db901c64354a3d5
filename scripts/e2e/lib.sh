# What the parts of scripts/e2e.sh share.
# shellcheck shell=bash
passed=0 failed=0

die() {
	echo "e2e: $*" >&2
	exit 1
}

title() { printf '\n== %s\n' "$*"; }

# see WHAT COMMAND…: runs it and says whether it held; its output is shown when
# it did not.
see() {
	local what=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		passed=$((passed + 1))
		echo "ok    $what"
	else
		failed=$((failed + 1))
		echo "FAIL  $what"
		sed 's/^/      | /' "$work/out" | tail -40
	fi
}

# says TEXT COMMAND…: the command's output, whatever its status, holds the text.
says() {
	local text=$1
	shift
	"$@" >"$work/says" 2>&1 || true
	cat "$work/says"
	grep -qF -- "$text" "$work/says"
}

# refused TEXT COMMAND…: the command fails, and says so with the text.
refused() {
	local text=$1
	shift
	if "$@" >"$work/refused" 2>&1; then
		cat "$work/refused"
		echo "it was not refused"
		return 1
	fi
	cat "$work/refused"
	grep -qF -- "$text" "$work/refused"
}

# show COMMAND…: part of its output is for the reader.
show() { "$@" 2>&1 | sed 's/^/      | /'; }

# until_true SECONDS COMMAND…
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS >= end)); then
			"$@"
			return
		fi
		sleep 0.5
	done
}

# pod NAMESPACE NAME IMAGE [ANNOTATION]: a pod that Pod Security takes.
pod() {
	cat <<-END
		apiVersion: v1
		kind: Pod
		metadata:
		  name: $2
		  namespace: $1
		  annotations: {$4}
		spec:
		  restartPolicy: Never
		  containers:
		  - name: main
		    image: $3
		    securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}
	END
}

apply() { kubectl apply -f "$work/$1"; }
create() { kubectl create -f "$work/$1"; }

clean_up() {
	kubectl delete validatingwebhookconfiguration,mutatingwebhookconfiguration imagegate --ignore-not-found >/dev/null 2>&1
	kubectl delete namespace "$system" ci test strict ops open restricted --ignore-not-found --wait=false >/dev/null 2>&1
	kubectl delete clusterrole,clusterrolebinding -l app.kubernetes.io/part-of=imagegate >/dev/null 2>&1
}

finish() {
	printf '\n%d passed, %d failed\n' "$passed" "$failed"
	((failed == 0))
}

ended() {
	local status=$?
	[ -n "${E2E_KEEP:-}" ] || clean_up || true
	rm -rf "$work"
	exit "$status"
}
trap ended EXIT
