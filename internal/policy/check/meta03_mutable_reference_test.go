package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestMutableReference(t *testing.T) {
	test(t, MutableReference, []scenario{
		{name: "a digest beside a tag is a digest", want: Pass},
		{name: "a tag can be moved", change: func(in *Input) { in.Evidence.Reference, _ = gate.ParseReference("registry.example/app:1.2") }, want: Fail, severity: gate.SeverityLow, says: "registry.example/app:1.2"},
		{name: "latest moves most", change: func(in *Input) { in.Evidence.Reference, _ = gate.ParseReference("nginx") }, want: Fail, severity: gate.SeverityMedium, says: "docker.io/library/nginx:latest"},
		{name: "a port is not a tag", change: func(in *Input) { in.Evidence.Reference, _ = gate.ParseReference("registry.example:5000/app") }, want: Fail, severity: gate.SeverityMedium},
		{name: "an archive is not in a registry", change: func(in *Input) { in.Evidence.Reference, _ = gate.ParseReference("oci-archive:app.tar") }, want: NotApplicable},
	})
}
