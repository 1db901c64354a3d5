package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// PortSyntax is CONF-03.
var PortSyntax = &Check{
	ID: "CONF-03", Name: "port-syntax", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Whether each entry of ExposedPorts is a port or a range from 1 to 65535, with tcp, udp, sctp or nothing after it.",
		Why:      "Tools that read an entry they do not understand publish another port, or none.",
		Example:  "0/tcp, 70000, 90-80/tcp and 80/http fail; 8080, 8080/tcp and 5000-5010/udp pass.",
		Fix:      "Write EXPOSE 8080/tcp.",
		Controls: []string{"Trivy DS-0008"},
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for _, spec := range in.Image.Config.ExposedPorts {
			if _, _, err := parsePort(spec); err != nil {
				findings = append(findings, Finding{Message: fmt.Sprintf("the exposed port %.100q %v", spec, err), Fix: "write EXPOSE 8080/tcp", Subject: subject(spec)})
			}
		}
		return verdictOn(bounded(findings, "ports"))
	},
}

// parsePort reads "8080", "8080/tcp" or "8080-8090/tcp". The error says what
// is wrong, as the end of a sentence.
func parsePort(spec string) (from, to int, err error) {
	numbers, protocol, given := strings.Cut(spec, "/")
	if given && !slices.Contains([]string{"tcp", "udp", "sctp"}, strings.ToLower(protocol)) {
		return 0, 0, errors.New("has another protocol than tcp, udp and sctp")
	}
	low, high, isRange := strings.Cut(numbers, "-")
	from, ok := portNumber(low)
	if to = from; ok && isRange {
		to, ok = portNumber(high)
	}
	switch {
	case !ok:
		return 0, 0, errors.New("is not a number from 1 to 65535")
	case to < from:
		return 0, 0, errors.New("is a range that ends before it begins")
	}
	return from, to, nil
}
