package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// RemoteDebug is CONF-14.
var RemoteDebug = &Check{
	ID: "CONF-14", Name: "remote-debug", Severity: gate.SeverityMedium, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:    "Debuggers that listen: Java's jdwp, node's --inspect, dlv, debugpy, gdbserver, in Entrypoint, Cmd and the environment.",
		Why:     "Who reaches the port runs any code in the process, without a password.",
		Example: "-agentlib:jdwp=…,address=*:5005 and --inspect=0.0.0.0 fail; node --inspect, which listens on 127.0.0.1, is LOW.",
		Fix:     "Leave the debugger out of what ships; attach one with an ephemeral container when it is needed.",
	},
	Decide: func(in Input) Result {
		var findings []Finding
		add := func(where string, d debugger) {
			if d.name == "" || slices.ContainsFunc(findings, func(f Finding) bool { return f.Subject == d.name }) {
				return
			}
			severity, reach := gate.SeverityMedium, "listens for a debugger"
			if d.local {
				severity, reach = gate.SeverityLow, "listens for a debugger inside the container"
			}
			findings = append(findings, Finding{Severity: severity, Message: fmt.Sprintf("%s %s (%s)", where, reach, d.name), Fix: "leave the debugger out of what ships", Subject: d.name})
		}
		for _, c := range started(in.Image.Config) {
			add("what the image starts", debuggerOf(c))
		}
		for _, v := range judgedEnv(in) {
			if slices.Contains(optionVariables, v.name) {
				add("the environment variable "+v.name, debuggerOf(command{name: optionsOf(v.name), args: strings.Fields(v.value)}))
			}
		}
		return verdictOn(graded(findings, "debuggers"))
	},
}

// optionVariables hold options that interpreters read by themselves, or that
// their start scripts hand on.
var optionVariables = []string{"NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "JAVA_OPTS", "JAVA_OPTIONS", "CATALINA_OPTS", "JVM_OPTS", "MAVEN_OPTS", "GRADLE_OPTS"}

func optionsOf(variable string) string {
	if variable == "NODE_OPTIONS" {
		return "node"
	}
	return "java"
}

// debugger is one that listens; local when only the container reaches it.
type debugger struct {
	name  string
	local bool
}

var (
	jdwp       = regexp.MustCompile(`^(?:-agentlib:jdwp=|-Xrunjdwp:)(.*)`)
	inspector  = regexp.MustCompile(`^--inspect(?:-brk|-wait|-port)?(?:=(.*))?$`)
	loopback   = regexp.MustCompile(`^(127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)(:|$)`)
	javascript = []string{"node", "nodejs", "npm", "npx", "yarn", "nodemon", "ts-node", "tsx", "deno", "bun"}
)

func debuggerOf(c command) debugger {
	switch {
	case c.name == "gdbserver":
		return debugger{"gdbserver", false}
	case c.name == "dlv" && slices.ContainsFunc(c.args, func(a string) bool { return strings.HasPrefix(a, "--headless") }):
		return debugger{"dlv", loopback.MatchString(optionValue(c.args, "--listen", "-l"))}
	case strings.HasPrefix(c.name, "debugpy"), slices.Contains(c.args, "debugpy"), slices.Contains(c.args, "ptvsd"):
		if listen := optionValue(c.args, "--listen"); listen != "" { // a port alone is one of 127.0.0.1
			return debugger{"debugpy", loopback.MatchString(listen) || !strings.Contains(listen, ":")}
		}
		return debugger{"debugpy", false}
	}
	for _, a := range c.args {
		if m := jdwp.FindStringSubmatch(a); m != nil {
			address := ""
			for option := range strings.SplitSeq(m[1], ",") {
				if v, ok := strings.CutPrefix(option, "address="); ok {
					address = v
				}
			}
			return debugger{"jdwp", loopback.MatchString(address)}
		}
		m := inspector.FindStringSubmatch(a)
		if m == nil || (m[1] == "" && !slices.Contains(javascript, c.name)) {
			continue
		}
		// A port alone is one of 127.0.0.1.
		address := strings.Trim(m[1], "0123456789")
		return debugger{"--inspect", address == "" || loopback.MatchString(m[1])}
	}
	return debugger{}
}

// optionValue is the value of the first of some options: --name=value or
// --name value.
func optionValue(args []string, names ...string) string {
	for i, a := range args {
		name, value, assigned := strings.Cut(a, "=")
		if slices.Contains(names, name) {
			if !assigned && i+1 < len(args) {
				value = args[i+1]
			}
			return value
		}
	}
	return ""
}
