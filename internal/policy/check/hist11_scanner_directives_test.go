package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestScannerDirectives(t *testing.T) {
	test(t, ScannerDirectives, []scenario{
		{name: "no directive", want: Pass},
		{name: "no history", change: noHistory, want: NotApplicable},
		{name: "Trivy's, as a line of its own", change: history("COPY app /app", "#trivy:ignore:DS-0031 # buildkit"), want: Fail, severity: gate.SeverityHigh, says: `history line 2: it holds "trivy:ignore"`},
		{name: "in other letters", change: history("RUN x # Trivy:Ignore:avd-ds-0002"), want: Fail},
		{name: "tfsec's", change: history("# tfsec:ignore:*"), want: Fail, says: "tfsec:ignore"},
		{name: "hadolint's", change: history("RUN /bin/sh -c <<EOF\n# hadolint  ignore=DL3008\nx"), want: Fail, says: `"hadolint ignore"`},
		{name: "checkov's", change: history("#checkov:skip=CKV_DOCKER_3:because"), want: Fail},
		{name: "in the comment", change: func(in *Input) { in.Image.Config.History[0].Comment = "kics-scan ignore-line" }, want: Fail, says: "kics-scan ignore"},
		{name: "in the author", change: func(in *Input) { in.Image.Config.History[0].Author = "trivy:ignore:x" }, want: Fail},
		{name: "an instruction behind a line break", change: history("CMD [\"app\"]\nUSER app"), want: Fail, severity: gate.SeverityHigh, says: "USER behind a line break"},
		{name: "the same of the first builder", change: history("/bin/sh -c #(nop)  EXPOSE 80\r\n  FROM scratch"), want: Fail, says: "FROM"},
		{name: "a here-document that writes a Dockerfile", change: history("RUN /bin/sh -c cat > Dockerfile <<EOF\nFROM x\nUSER app\nEOF # buildkit"), want: Pass},
		{name: "a label of several lines", change: history("LABEL description=The program.\nADD more of it"), want: Pass},
		{name: "Trivy itself is installed", change: history("RUN apt-get install trivy # buildkit"), want: Pass},
		{name: "a file that Trivy reads is written", change: history("COPY .trivyignore /x # buildkit"), want: Pass},
	})
}
