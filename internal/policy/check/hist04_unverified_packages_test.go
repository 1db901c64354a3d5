package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestUnverifiedPackages(t *testing.T) {
	run := func(script string) func(*Input) { return history("RUN /bin/sh -c " + script + " # buildkit") }
	scenarios := []scenario{
		{name: "nothing is run", want: Pass},
		{name: "no history", change: noHistory, want: NotApplicable},
		{name: "it says which", change: run("apt-get update && apt-get install -y --allow-unauthenticated x"), want: Fail, severity: gate.SeverityHigh, says: "apt-get is told --allow-unauthenticated"},
		{name: "fetching a certificate is LOW", change: run("curl -fsSk -o /x https://ca.example/ca.crt"), want: Fail, severity: gate.SeverityLow},
	}
	for script, want := range map[string]Outcome{
		"apt-get -y --force-yes install x":                                   Fail,
		"apt-get -o Acquire::AllowInsecureRepositories=true update":          Fail,
		"apt-get -o APT::Get::AllowUnauthenticated=1 install x":              Fail,
		"apt-get -o Acquire::https::Verify-Peer=false update":                Fail,
		"apt-get -o Acquire::https::mirror.example::Verify-Peer=true update": Pass,
		"apk add --allow-untrusted /x.apk":                                   Fail,
		"yum -y install --nogpgcheck x":                                      Fail,
		"dnf install --setopt=gpgcheck=0 x":                                  Fail,
		"dnf install --setopt=*.gpgcheck=1 x":                                Pass,
		"dnf install --setopt=sslverify=false x":                             Fail,
		"rpm -i --nosignature x.rpm":                                         Fail,
		"zypper --no-gpg-checks in x":                                        Fail,
		"sudo curl -fsSLk https://x/y.tar":                                   Fail,
		"curl --insecure x":                                                  Fail,
		"curl -ok x":                                                         Pass,
		"curl -fsSL x -o task":                                               Pass,
		"wget --no-check-certificate x":                                      Fail,
		"pip install --trusted-host pypi.example x":                          Fail,
		"python3 -m pip install --trusted-host=pypi.example x":               Fail,
		"git -c http.sslVerify=false clone x":                                Fail,
		"git config --global http.sslVerify false":                           Fail,
		"git config --global http.sslVerify true":                            Pass,
		"GIT_SSL_NO_VERIFY=1 git clone x":                                    Fail,
		"npm config set strict-ssl false":                                    Fail,
		"npm ci --strict-ssl=false":                                          Fail,
		"NODE_TLS_REJECT_UNAUTHORIZED=0 npm ci":                              Fail,
		"NODE_TLS_REJECT_UNAUTHORIZED=1 npm ci":                              Pass,
		"conda config --set ssl_verify false":                                Fail,
		"echo --allow-unauthenticated":                                       Pass,
		"/app --insecure":                                                    Pass,
		"apt-get install -y --no-install-recommends ca-certificates":         Pass,
		"apt-get install $(((":                                               Pass,
	} {
		scenarios = append(scenarios, scenario{name: script, change: run(script), want: want})
	}
	test(t, UnverifiedPackages, scenarios)
}
