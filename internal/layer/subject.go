package layer

import "strings"

// subject is what a file's name says to look for in its content. The name is
// never enough: holds decides.
type subject struct {
	below string // how the path of its directory ends; "" for any
	size  int64  // how much of the file is looked at, in bytes
	class Class
	kind  string
	// holds reports whether the content, perhaps cut short, has what the
	// kind says, and where: a host or a field, never the secret.
	holds func(b []byte) (detail string, ok bool)
	// bundle is true of certificate bundles, which are kept instead.
	bundle bool
}

// How much of a file is looked at.
const (
	smallFile  = 256 << 10
	largeFile  = 1 << 20
	bundleFile = 4 << 20
)

// subjects are looked up by base name.
var subjects = map[string][]subject{
	"config.json": {
		{below: "/.docker", size: smallFile, class: Credential, kind: "docker config", holds: registryLogin},
	},
	".dockerconfigjson":   {{size: smallFile, class: Credential, kind: "docker config", holds: registryLogin}},
	".dockercfg":          {{size: smallFile, class: Credential, kind: "docker config", holds: registryLogin}},
	"auth.json":           {{below: "containers", size: smallFile, class: Credential, kind: "docker config", holds: registryLogin}, {below: "/containers/0", size: smallFile, class: Credential, kind: "docker config", holds: registryLogin}},
	".netrc":              {{size: smallFile, class: Credential, kind: "netrc", holds: netrcLogin}},
	"_netrc":              {{size: smallFile, class: Credential, kind: "netrc", holds: netrcLogin}},
	".npmrc":              {{size: smallFile, class: Credential, kind: "npm config", holds: npmLogin}},
	".yarnrc.yml":         {{size: smallFile, class: Credential, kind: "yarn config", holds: yarnLogin}},
	".pypirc":             {{size: smallFile, class: Credential, kind: "pypi config", holds: pypiLogin}},
	".git-credentials":    {{size: smallFile, class: Credential, kind: "git credentials", holds: login}},
	".gitconfig":          {{size: smallFile, class: Credential, kind: "git config", holds: gitLogin}},
	"credentials":         {{below: "/.aws", size: smallFile, class: Credential, kind: "aws credentials", holds: awsKey}},
	"config":              {{below: "/.kube", size: smallFile, class: Credential, kind: "kubeconfig", holds: kubeLogin}, {below: "/.git", size: smallFile, class: Credential, kind: "git remote", holds: gitLogin}},
	"kubeconfig":          {{size: smallFile, class: Credential, kind: "kubeconfig", holds: kubeLogin}},
	".vault-token":        {{size: smallFile, class: Credential, kind: "vault token", holds: vaultToken}},
	"sudoers":             {{below: "/etc", size: largeFile, class: Access, kind: sudo, holds: passwordless}},
	"authorized_keys":     {{size: headSize, class: Access, kind: authorized, holds: anyKey}},
	"authorized_keys2":    {{size: headSize, class: Access, kind: authorized, holds: anyKey}},
	"ca-certificates.crt": {{below: "/etc/ssl/certs", size: bundleFile, bundle: true}},
	"ca-bundle.crt":       {{below: "/etc/pki/tls/certs", size: bundleFile, bundle: true}, {below: "/etc/ssl/certs", size: bundleFile, bundle: true}},
	"ca-bundle.pem":       {{below: "/etc/ssl", size: bundleFile, bundle: true}},
	"cacert.pem":          {{below: "/etc/pki/tls", size: bundleFile, bundle: true}},
	"tls-ca-bundle.pem":   {{below: "/etc/pki/ca-trust/extracted/pem", size: bundleFile, bundle: true}},
	"cert.pem":            {{below: "/etc/ssl", size: bundleFile, bundle: true}},
}

var (
	dotEnv      = subject{size: smallFile, class: Credential, kind: "env file", holds: envSecret}
	terraform   = subject{size: largeFile, class: Credential, kind: "terraform state", holds: stateSecret}
	kubeconfig  = subject{size: smallFile, class: Credential, kind: "kubeconfig", holds: kubeLogin}
	googleCloud = subject{size: headSize, class: Credential, kind: "gcloud credentials", holds: googleKey}
	sudoersPart = subject{size: largeFile, class: Access, kind: sudo, holds: passwordless}
)

// subjectOf finds what to look for; nil for nearly every file.
func subjectOf(p, base string) *subject {
	if of := subjects[base]; of != nil {
		dir := parent(p)
		for i := range of {
			if strings.HasSuffix(dir, of[i].below) {
				return &of[i]
			}
		}
	}
	dot := strings.LastIndexByte(base, '.')
	switch {
	case strings.HasPrefix(p, "/etc/sudoers.d/"):
		// sudo leaves out editors' backups and what a package manager put aside.
		if dot < 0 && !strings.HasSuffix(base, "~") {
			return &sudoersPart
		}
		return nil
	case dot < 0:
		return nil
	}
	switch base[dot:] {
	case ".json":
		return &googleCloud
	case ".tfstate":
		return &terraform
	case ".kubeconfig":
		return &kubeconfig
	case ".env":
		return &dotEnv
	case ".backup":
		if strings.HasSuffix(base, ".tfstate.backup") {
			return &terraform
		}
	case ".conf":
		if strings.HasPrefix(p, "/etc/kubernetes/") {
			return &kubeconfig
		}
	case ".example", ".sample", ".template", ".dist":
		return nil
	}
	if strings.HasPrefix(base, ".env.") {
		return &dotEnv
	}
	return nil
}

// judge asks a subject.
func (w *walk) judge(e *Entry, s *subject, b []byte) {
	if s.bundle {
		w.bundle(e, b)
		return
	}
	if detail, ok := s.holds(b); ok {
		w.find(e, Finding{Class: s.class, Kind: s.kind, Detail: detail})
	}
}
