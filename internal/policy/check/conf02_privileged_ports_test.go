package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPrivilegedPorts(t *testing.T) {
	ports := func(user string, ports ...string) func(*Input) {
		return func(in *Input) {
			unread(in)
			in.Image.Config.User, in.Image.Config.ExposedPorts = user, ports
		}
	}
	test(t, PrivilegedPorts, []scenario{
		{name: "no port", want: Pass},
		{name: "a high port", change: ports("65532", "8080/tcp", "1024"), want: Pass},
		{name: "a low port", change: ports("65532", "80/tcp"), want: Fail, severity: gate.SeverityInfo, says: "port 80"},
		{name: "a range that begins low", change: ports("65532", "1000-2000/tcp"), want: Fail, says: "port 1000"},
		{name: "a low port of root", change: ports("0:1000", "80/tcp"), want: Pass},
		{name: "a low port of a name", change: ports("app", "80/tcp"), want: Unknown, says: "app"},
		{name: "a high port of a name", change: ports("app", "8080/tcp"), want: Pass},
		{name: "not a port", change: ports("65532", "0/tcp", "http"), want: Pass},
	})
}
