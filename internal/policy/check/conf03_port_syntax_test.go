package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPortSyntax(t *testing.T) {
	port := func(spec string) func(*Input) {
		return func(in *Input) { in.Image.Config.ExposedPorts = []string{spec} }
	}
	test(t, PortSyntax, []scenario{
		{name: "no port", want: Pass},
		{name: "with a protocol", change: port("53/udp"), want: Pass},
		{name: "the protocol in capitals", change: port("53/UDP"), want: Pass},
		{name: "without a protocol", change: port("8080"), want: Pass},
		{name: "a range", change: port("5000-5010/sctp"), want: Pass},
		{name: "zero", change: port("0/tcp"), want: Fail, severity: gate.SeverityLow, says: "from 1 to 65535"},
		{name: "too great", change: port("65536/tcp"), want: Fail},
		{name: "no number", change: port("http/tcp"), want: Fail, says: "http/tcp"},
		{name: "another protocol", change: port("80/http"), want: Fail, says: "protocol"},
		{name: "an empty protocol", change: port("80/"), want: Fail, says: "protocol"},
		{name: "a range that runs backwards", change: port("90-80/tcp"), want: Fail, says: "ends before"},
		{name: "half a range", change: port("80-/tcp"), want: Fail},
	})
}
