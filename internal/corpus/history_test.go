//go:build goexperiment.jsonv2

package corpus

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// The history is text that the image's author may write as he likes: scanners
// that make a Dockerfile of it believe him.
func TestHistoryProvesNothing(t *testing.T) {
	token := githubToken("history")
	leaky := plain(layer{file("srv/settings.txt", 0o644, "token = "+token+"\n")}, layer{file("srv/index.html", 0o644, "<p>hello</p>\n")})
	secretEnv := plain().env("DB_PASSWORD=" + password("history"))
	run(t, []trap{
		{name: "USER in the history does not make an image unprivileged", image: plain().user("").history("COPY base /", "COPY app /", "-USER app"), fires: []string{"USER-01", "HIST-10"}},
		{name: "the last USER in the history is not that of the config", image: plain().user("0").history("COPY base /", "COPY app /", "-USER 65532"), fires: []string{"USER-02", "HIST-10"}, silent: []string{"USER-01"}},
		{name: "a line that tells Trivy to be silent silences nothing",
			image: secretEnv.history("COPY base /", "COPY app /", "-#trivy:ignore:DS-0031 # buildkit", "-ENV DB_PASSWORD=x"), fires: []string{"ENV-01", "HIST-11"}},
		{name: "nor does such a line for another tool", image: secretEnv.history("COPY base /", "COPY app /", "-# hadolint ignore=DL3002", "-ENV DB_PASSWORD=x"), fires: []string{"ENV-01", "HIST-11"}},
		{name: "a line with an instruction behind a line end steers nobody",
			image: secretEnv.history("COPY base /", "COPY app /", "-LABEL a=b\n#trivy:ignore:*\nUSER 65532"), fires: []string{"ENV-01", "HIST-11"}},
		{name: "an honest heredoc is no attempt to steer a scanner",
			image: plain().history("COPY base /", "RUN /bin/sh -c <<EOF\nset -e\nUSER=app\nCOPY=1\nEOF # buildkit"), silent: []string{"HIST-11"}},
		{name: "a CMD above the token does not make the layers below it somebody else's",
			image: leaky.history("COPY base /", "COPY app /", "COPY settings.txt /srv/", "-CMD [\"sh\"]", "COPY index.html /srv/"), fires: []string{"CRED-01"}},
		{name: "a CMD of docker's first builder above the token neither",
			image: leaky.history("COPY base /", "COPY app /", "COPY settings.txt /srv/", `-/bin/sh -c #(nop)  CMD ["sh"]`, "COPY index.html /srv/"), fires: []string{"CRED-01"}},
		{name: "no history at all does not make an image unreadable", image: leaky.history(), fires: []string{"CRED-01", "META-08 INFO"}, silent: []string{"HIST-11", "META-06"}},
		{name: "a history of fewer layers than there are does not hide the last", image: leaky.history("COPY base /"), fires: []string{"CRED-01", "META-08"}},
	})
}

// TestTheConfigIsJudgedWhateverWroteTheHistory has one config with the
// histories that four builders write. Tools that read EXPOSE, WORKDIR and
// VOLUME from the history see them in one of the four.
func TestTheConfigIsJudgedWhateverWroteTheHistory(t *testing.T) {
	r := newRig(t)
	configured := plain().user("00").env("API_TOKEN="+password("config"), "LD_PRELOAD=/tmp/x.so").set(func(c *v1.ConfigFile) {
		c.Config.ExposedPorts = map[string]struct{}{"22/tcp": {}}
		c.Config.WorkingDir = "/proc/self/fd/8"
		c.Config.Volumes = map[string]struct{}{"/etc/": {}}
		c.Config.Cmd = []string{"--password=" + password("argument")}
	})
	histories := map[string][]string{
		"BuildKit": {"COPY base / # buildkit", "COPY app / # buildkit", "-EXPOSE [22/tcp]", "-WORKDIR /proc/self/fd/8", "-VOLUME [/etc/]", "-USER 00"},
		"legacy": {"/bin/sh -c #(nop) COPY dir:1 in / ", "/bin/sh -c #(nop) COPY file:2 in / ", "-/bin/sh -c #(nop)  EXPOSE 22", "-/bin/sh -c #(nop) WORKDIR /proc/self/fd/8",
			"-/bin/sh -c #(nop)  VOLUME [/etc/]", "-/bin/sh -c #(nop)  USER 00"},
		"buildah": {"/bin/sh -c #(nop) COPY dir:1 in /|unsetLabel=true|", "/bin/sh -c #(nop) COPY file:2 in /", "-/bin/sh -c #(nop) EXPOSE 22", "-/bin/sh -c #(nop) USER 00|force-mtime=0"},
		"nobody":  {},
	}
	var want []string
	for _, builder := range []string{"BuildKit", "legacy", "buildah", "nobody"} {
		d := r.judge(t, r.push(t, "", configured.history(histories[builder]...).built(t)))
		var got []string
		for _, v := range d.findings() {
			if family, _, _ := strings.Cut(v.Check, "-"); slices.Contains([]string{"CONF", "ENV", "USER"}, family) {
				got = append(got, fmt.Sprint(v.Check, " ", v.Severity, " ", v.Message))
			}
		}
		slices.Sort(got)
		if want == nil {
			want = got
			for _, id := range []string{"CONF-01", "CONF-04", "CONF-06", "CONF-13", "ENV-01", "ENV-03", "USER-02"} {
				if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, id+" ") }) {
					t.Errorf("%s does not fire; what does: %s", id, strings.Join(got, "\n\t"))
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the history of %s changes what is found in the config (-BuildKit +%s):\n%s", builder, builder, diff)
		}
	}
}
