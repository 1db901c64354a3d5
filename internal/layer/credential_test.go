package layer

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

const secret = "q7Rk2vX9mTz4Lw8s"

func TestCredentialsAreKnownByTheirContent(t *testing.T) {
	for _, tt := range []struct {
		name string
		file string
		body string
		want string // kind, path, layer and detail; "" when there is none
	}{
		{"a registry's login", "root/.docker/config.json", `{"auths": {"https://index.docker.io/v1/": {"auth": "` + secret + `"}}}`, "docker config /root/.docker/config.json 0 index.docker.io"},
		{"a registry's identity token", "kaniko/.docker/config.json", `{"auths":{"ghcr.io":{"identitytoken":"` + secret + `"}},"x":1}`, "docker config /kaniko/.docker/config.json 0 ghcr.io"},
		{"the old form", "root/.dockercfg", `{"quay.io": {"auth": "` + secret + `", "email": "a@b"}}`, "docker config /root/.dockercfg 0 quay.io"},
		{"Podman's", "run/containers/0/auth.json", `{"auths":{"quay.io":{"auth":"` + secret + `"}}}`, "docker config /run/containers/0/auth.json 0 quay.io"},
		{"a registry that a helper asks for", "root/.docker/config.json", `{"auths": {"ghcr.io": {}}, "credHelpers": {"gcr.io": "gcloud"}, "credsStore": "desktop"}`, ""},
		{"a login behind a quoted quote", "root/.docker/config.json", `{"auths": {"ghcr.io": {"note": "x\"", "auth": "` + secret + `"}}}`, "docker config /root/.docker/config.json 0 ghcr.io"},
		{"a text that quotes a login", "root/.docker/config.json", `{"auths": {"ghcr.io": {"note": "\",\"auth\": \"` + secret + `\""}}}`, ""},
		{"a config of something else", "app/config.json", `{"auth": "` + secret + `"}`, ""},
		{"a config cut short", "root/.docker/config.json", `{"auths": {"ghcr.io": {"auth": "` + secret, "docker config /root/.docker/config.json 0 ghcr.io"},
		{"a registry's name with a login in it", "root/.docker/config.json", `{"auths": {"https://me:` + secret + `@ghcr.io/": {"auth": "x` + secret + `"}}}`, "docker config /root/.docker/config.json 0 ghcr.io"},

		{"netrc", "root/.netrc", "# x\nmachine github.com\n  login me\n  password " + secret + "\n", "netrc /root/.netrc 0 github.com"},
		{"netrc for every machine", "root/.netrc", "default login me password " + secret, "netrc /root/.netrc 0 default"},
		{"netrc without a password", "root/.netrc", "machine github.com login me\n", ""},
		{"netrc with a gap", "root/.netrc", "machine github.com login me password <token>\n", ""},

		{"npm's token", "root/.npmrc", "registry=https://r\n//registry.npmjs.org/:_authToken=" + secret + "\n", "npm config /root/.npmrc 0 _authToken of registry.npmjs.org"},
		{"npm's login", "app/.npmrc", "_auth = " + secret, "npm config /app/.npmrc 0 _auth"},
		{"npm's token from the environment", "root/.npmrc", "//registry.npmjs.org/:_authToken=${NPM_TOKEN}\n", ""},
		{"npm's token that is a comment", "root/.npmrc", "#//registry.npmjs.org/:_authToken=" + secret, ""},
		{"yarn's token", "app/.yarnrc.yml", "npmScopes:\n  x:\n    npmAuthToken: \"" + secret + "\"\n", "yarn config /app/.yarnrc.yml 0 npmAuthToken"},

		{"PyPI's password", "root/.pypirc", "[distutils]\nindex-servers = pypi\n[pypi]\nusername = __token__\npassword = " + secret, "pypi config /root/.pypirc 0 pypi"},
		{"PyPI without one", "root/.pypirc", "[pypi]\nusername = me\n", ""},

		{"git's store", "root/.git-credentials", "https://me:" + secret + "@github.com\n", "git credentials /root/.git-credentials 0 github.com"},
		{"a remote with a password", "app/.git/config", "[remote \"origin\"]\n\turl = https://me:" + secret + "@git.example.com/x.git\n", "git remote /app/.git/config 0 git.example.com"},
		{"a remote with a token for a user", "app/.git/config", "\turl = https://" + secret + secret + "@github.com/x.git\n", "git remote /app/.git/config 0 github.com"},
		{"a remote with a user", "app/.git/config", "\turl = https://git@github.com/x.git\n\turl = ssh://git@github.com/x\n", ""},
		{"a header that CI left", "app/.git/config", "[http \"https://github.com/\"]\n\textraheader = AUTHORIZATION: basic " + secret + "\n", "git remote /app/.git/config 0 extraheader"},
		{"a password that holds an at sign", "root/.gitconfig", "[url \"https://me:p@" + secret + "@github.com/\"]\n", "git config /root/.gitconfig 0 github.com"},

		{"an AWS key", "root/.aws/credentials", "[default]\nregion = eu\n[prod]\naws_access_key_id = x\naws_secret_access_key = " + secret, "aws credentials /root/.aws/credentials 0 prod"},
		{"AWS's example", "root/.aws/credentials", "[default]\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""},
		{"credentials of something else", "app/credentials", "aws_secret_access_key = " + secret, ""},

		{"a service account under any name", "srv/key-1.json", `{"type": "service_account", "private_key_id": "x", "private_key": "-----BEGIN PRIVATE KEY-----\nMII"}`, "gcloud credentials /srv/key-1.json 0 private_key"},
		{"a user's own", "root/.config/gcloud/application_default_credentials.json", `{"type":"authorized_user","refresh_token":"` + secret + `"}`, "gcloud credentials /root/.config/gcloud/application_default_credentials.json 0 refresh_token"},
		{"a document about service accounts", "doc.json", `{"text": "a \"service_account\" has a private_key"}`, ""},

		{"a kubeconfig's token", "root/.kube/config", "apiVersion: v1\nusers:\n- name: me\n  user:\n    token: " + secret + "\n", "kubeconfig /root/.kube/config 0 token"},
		{"a kubeconfig's key", "etc/kubernetes/admin.conf", "users:\n- user:\n    client-key-data: " + secret + "\n", "kubeconfig /etc/kubernetes/admin.conf 0 client-key-data"},
		{"a kubeconfig in JSON", "srv/x.kubeconfig", `{"users":[{"user":{"password":"` + secret + `"}}]}`, "kubeconfig /srv/x.kubeconfig 0 password"},
		{"a kubeconfig that asks a program", "root/.kube/config", "users:\n- user:\n    exec: {command: aws}\n    tokenFile: /var/run/x\n", ""},

		{"Vault's token", "root/.vault-token", "hvs." + secret, "vault token /root/.vault-token 0"},
		{"a text by that name", "root/.vault-token", "put the token here", ""},

		{"Terraform's state", "srv/terraform.tfstate", `{"resources":[{"instances":[{"attributes":{"id":"1","admin_password":"` + secret + `"}}]}]}`, "terraform state /srv/terraform.tfstate 0 admin_password"},
		{"Terraform's state without secrets", "srv/terraform.tfstate", `{"resources":[{"instances":[{"attributes":{"password":null,"token_id":"` + secret + `","secret_key":""}}]}]}`, ""},
		{"Terraform's backup", "srv/terraform.tfstate.backup", `{"a":{"api_key":"` + secret + `"}}`, "terraform state /srv/terraform.tfstate.backup 0 api_key"},

		{"an env file", "app/.env", "# x\nPORT=8080\nexport DB_PASSWORD=\"" + secret + "\"\n", "env file /app/.env 0 DB_PASSWORD"},
		{"an env file of production", "app/.env.production", "SECRET_KEY_BASE=" + secret, "env file /app/.env.production 0 SECRET_KEY_BASE"},
		{"an env file with a URL", "app/prod.env", "DATABASE_URL=postgres://app:" + secret + "@db/app\n", "env file /app/prod.env 0 DATABASE_URL"},
		{"an env file that is an example", "app/.env.example", "DB_PASSWORD=" + secret, ""},
		{"an env file of names that only look like it", "app/.env", "TOKEN_FILE=" + secret + "\nPASSWORD_URL=x\nMONKEY=" + secret + "\nAPI_KEY_ID=" + secret, ""},
		{"an env file of values that say nothing", "app/.env", "DB_PASSWORD=\nA_TOKEN=changeme\nB_TOKEN=${X}\nC_TOKEN=/run/secrets/x\nD_TOKEN=true\nE_TOKEN=12345\nF_TOKEN=xxxxxxxx\nG_TOKEN=your-token\nH_TOKEN=<token>", ""},
		{"a program by that name", "srv/.env", "if [ \"$API_TOKEN\" = \"" + secret + "\" ]; then\n", ""},
		{"a file of settings by another name", "app/settings.py", "DB_PASSWORD = '" + secret + "'\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, []member{file(tt.file, tt.body)})
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			expect(t, secrets(c.Credentials), want)
			if kept, _ := json.Marshal(c); strings.Contains(string(kept), secret) {
				t.Errorf("the secret is in the evidence: %s", kept)
			}
		})
	}
}

func TestWhatIsNotASecretInPlainText(t *testing.T) {
	for name, want := range map[string]bool{
		"PASSWORD": true, "db_password": true, "AWS_SECRET_ACCESS_KEY": true, "GITHUB_TOKEN": true, "api-key": true, "APIKEY": true,
		"PASSWORD_FILE": false, "TOKEN_URL": false, "MONKEY": false, "KEY": false, "PUBLIC_KEY": false, "KEYS": false, "SECRET_NAME": false, "COMPASS": false, "": false, "_": false,
	} {
		if secretName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// FuzzCredentials feeds any bytes to every judge; what they say is no longer
// than a line of the file.
func FuzzCredentials(f *testing.F) {
	f.Add([]byte(`{"auths": {"h": {"auth": "x\"y"}}, "a": [{"b": ["c"]}]}`))
	f.Add([]byte("machine h password p\n[a]\npassword = https://u:p@h\n//r/:_authToken=t"))
	f.Add([]byte("A_TOKEN='abcdef' # x\nurl = https://aaaaaaaaaaaaaaaaaaaaaaaa@h\nx \\\nNOPASSWD"))
	f.Add([]byte(pemOf("RSA PRIVATE KEY", map[string]string{"Proc-Type": "4,ENCRYPTED"}) + openssh("none")))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, judge := range []func([]byte) (string, bool){
			registryLogin, googleKey, stateSecret, netrcLogin, npmLogin, yarnLogin, pypiLogin, login, gitLogin, awsKey, vaultToken, envSecret, kubeLogin, passwordless, anyKey,
		} {
			if detail, ok := judge(b); ok && len(detail) > len(b)+20 {
				t.Errorf("%q", detail)
			}
		}
		if found, ok := pemKey(b); ok && (found.Kind == "" || len(found.Detail) > 100) {
			t.Errorf("key %+v", found)
		}
		_ = dumpKind("x.sql", b)
	})
}
