//go:build goexperiment.jsonv2

package corpus

import (
	"fmt"
	"strings"
	"testing"
)

// TestTokensAreFoundWhereverTheyLie has the places that Trivy's rules leave out
// by path, and that its walk skips.
func TestTokensAreFoundWhereverTheyLie(t *testing.T) {
	var traps []trap
	for _, p := range []string{
		"app-src/tests/fixture.txt", "usr/lib/tool/settings.txt", "usr/share/tool/defaults.conf", "srv/node_modules/x/config.js", "srv/vendor/x/config.php", "srv/example/settings.txt",
		"srv/README.md", "usr/lib/python3.12/site-packages/x-1.0.dist-info/RECORD", "usr/local/go/settings.txt", "app-src/.git/packed", "srv/settings.bin", "srv/settings.gz", "var/lib/tool/no-extension",
	} {
		token := githubToken(p)
		traps = append(traps,
			trap{name: "a token in " + p, image: plain(layer{file(p, 0o644, "token: "+token+"\n")}), fires: []string{"CRED-01 CRITICAL"}, silent: []string{"CRED-04"}})
	}
	text := "token: " + githubToken("deleted") + "\n"
	leaky := layer{file("srv/conf/token.txt", 0o600, text)}
	traps = append(traps, []trap{
		{name: "a token at the end of a large file", image: plain(layer{file("srv/export.csv", 0o644, strings.Repeat("name,street,city,country,2026\n", 400_000)+text)}), fires: []string{"CRED-01"}},
		{name: "a token in a layer of zstd that calls itself gzip, which runtimes unpack all the same", image: mislabelled(leaky), fires: []string{"CRED-01"}},
		{name: "a later layer deletes the token", image: plain(leaky, layer{gone("srv/conf/token.txt")}), fires: []string{"CRED-04 CRITICAL"}, silent: []string{"CRED-01"}},
		{name: "a later layer replaces the token", image: plain(leaky, layer{file("srv/conf/token.txt", 0o600, "token: none\n")}), fires: []string{"CRED-04"}, silent: []string{"CRED-01"}},
		{name: "a later layer deletes the token's directory", image: plain(leaky, layer{gone("srv")}), fires: []string{"CRED-04"}, silent: []string{"CRED-01"}},
		{name: "a later layer hides the token's directory", image: plain(leaky, layer{emptied("srv/conf")}), fires: []string{"CRED-04"}, silent: []string{"CRED-01"}},
		{name: "a later layer puts a file where the token's directory was", image: plain(leaky, layer{file("srv", 0o644, "x\n")}), fires: []string{"CRED-04"}, silent: []string{"CRED-01"}},
		{name: "the token is deleted and comes back", image: plain(leaky, layer{gone("srv/conf/token.txt")}, layer{file("srv/token.txt", 0o600, text)}), fires: []string{"CRED-01", "CRED-04"}},
		{name: "the very layer of the token comes again", image: plain(leaky, layer{gone("srv/conf/token.txt")}, leaky), fires: []string{"CRED-01", "CRED-04"}},
		{name: "a whiteout beside the token deletes only what lower layers have", image: plain(append(leaky[:1:1], gone("srv/conf/token.txt"))), fires: []string{"CRED-01"}, silent: []string{"CRED-04"}},
		{name: "a whiteout of another name deletes nothing", image: plain(leaky, layer{gone("srv/conf/token")}), fires: []string{"CRED-01"}, silent: []string{"CRED-04"}},
		{name: "a list of files in the token's own layer says that a package owns it",
			image: plain(layer{file("srv/token.txt", 0o600, text), file(installed, 0o644, apk("glibc 2.40-r3 usr/lib/libc.so.6", "innocent 1.0-r0 srv/token.txt"))}), fires: []string{"CRED-01 CRITICAL"}},
		{name: "a placeholder is no token", image: plain(layer{file("srv/README.md", 0o644, "export GITHUB_TOKEN=ghp_your_token_here\n")}), silent: []string{"CRED-01", "CRED-03"}},
	}...)
	run(t, traps)
}

// mislabelled is an image whose layers are zstd under the media type of gzip.
func mislabelled(more layer) specimen {
	s := plain(more)
	s.zstd, s.gzipType = true, true
	return s
}

func TestKeysAndCredentialFilesAreJudgedByWhatTheyHold(t *testing.T) {
	holds := func(path, format string, values ...any) specimen {
		return plain(layer{file(path, 0o600, fmt.Sprintf(format, values...))})
	}
	id, secret := awsKey("file")
	run(t, []trap{
		{name: "a private key", image: holds("srv/tls.key", "%s", privateKey()), fires: []string{"CRED-02 HIGH"}},
		{name: "a private key under a name that says nothing", image: holds("usr/lib/x/data", "%s", privateKey()), fires: []string{"CRED-02 HIGH"}},
		{name: "a private key that a passphrase protects", image: holds("srv/tls.key", "%s", encryptedKey()), fires: []string{"CRED-02 MEDIUM"}},
		{name: "a private key that a later layer deletes", image: plain(layer{file("srv/tls.key", 0o600, privateKey())}, layer{gone("srv/tls.key")}), fires: []string{"CRED-04 CRITICAL"}, silent: []string{"CRED-02"}},
		{name: "a document that speaks of keys", image: holds("srv/guide.txt", "A key begins with -----BEGIN PRIVATE"+" KEY----- and ends with\n-----END PRIVATE"+" KEY-----\n"), silent: []string{"CRED-02"}},
		{name: "an .npmrc with a token", image: holds("home/nonroot/.npmrc", "//registry.npmjs.org/:_authToken=%s\n", uuid("npm")), fires: []string{"CRED-03 HIGH"}},
		{name: "an .npmrc with the name of a variable", image: holds("home/nonroot/.npmrc", "//registry.npmjs.org/:_authToken=${NPM_TOKEN}\n"), silent: []string{"CRED-01", "CRED-03"}},
		{name: "an .npmrc that only names a registry", image: holds("home/nonroot/.npmrc", "registry=https://registry.npmjs.org/\n"), silent: []string{"CRED-03"}},
		{name: "an .npmrc with a token that a later layer deletes", image: plain(layer{file("root/.npmrc", 0o600, "//registry.npmjs.org/:_authToken="+uuid("deleted")+"\n")}, layer{gone("root/.npmrc")}), fires: []string{"CRED-04"}, silent: []string{"CRED-03"}},
		{name: "a login of a registry", image: holds("root/.docker/config.json", `{"auths":{"registry.example":{"auth":%q}}}`, encoded("robot:"+password("docker"))), fires: []string{"CRED-03"}},
		{name: "a registry's login that lies elsewhere", image: holds("root/.docker/config.json", `{"credsStore":"secretservice","auths":{"registry.example":{}}}`), silent: []string{"CRED-01", "CRED-03"}},
		{name: "a config.json of a program", image: holds("srv/config.json", `{"auth":"none","port":8080}`), silent: []string{"CRED-01", "CRED-03"}},
		{name: "a .netrc with a password", image: holds("root/.netrc", "machine git.example login robot password %s\n", password("netrc")), fires: []string{"CRED-03"}},
		{name: "a file of AWS with a key", image: holds("root/.aws/credentials", "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", id, secret), fires: []string{"CRED-03", "CRED-01"}},
		{name: "a file of another program called credentials", image: holds("srv/app/credentials", "see the vault\n"), silent: []string{"CRED-01", "CRED-03"}},
		{name: "an .env with a password", image: holds("srv/.env", "PORT=8080\nDB_PASSWORD=%s\n", password("env")), fires: []string{"CRED-03"}},
		{name: "an .env that says where the password will be", image: holds("srv/.env", "DB_PASSWORD_FILE=/run/secrets/db\nDB_PASSWORD=${DB_PASSWORD}\nSECRETS_DIR=/run/secrets\n"), silent: []string{"CRED-01", "CRED-03"}},
		{name: "a repository's address with a token", image: holds("app-src/.git/config", "[remote \"origin\"]\n\turl = https://robot:%s@git.example/app.git\n", password("git")), fires: []string{"CRED-06 HIGH", "MIN-06"}},
		{name: "a repository's address", image: holds("app-src/.git/config", "[remote \"origin\"]\n\turl = git@git.example:app.git\n"), silent: []string{"CRED-01", "CRED-06"}},
	})
}
