package check

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// LoaderHijack is ENV-03.
var LoaderHijack = &Check{
	ID: "ENV-03", Name: "loader-hijack", Severity: gate.SeverityHigh, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Environment variables that make the dynamic loader, a shell or an interpreter run other code first.",
		Why:      "The code runs in every process, also in hooks of the host that inherit the environment: CVE-2025-23266 was LD_PRELOAD in an image.",
		Example:  "LD_PRELOAD=/app/x.so, LD_AUDIT and LD_LIBRARY_PATH=./lib are HIGH; BASH_ENV, NODE_OPTIONS=--require, an unknown -javaagent, and an empty part of LD_LIBRARY_PATH are MEDIUM. jemalloc, tcmalloc, mimalloc and the agents of known vendors pass.",
		Fix:      "Take the variable out; start the program with it where only the program needs it; or accept the variable in the policy.",
		Controls: []string{"CVE-2025-23266"},
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for _, v := range judgedEnv(in) {
			if severity, what := hijack(v.name, v.value); what != "" {
				findings = append(findings, Finding{
					Severity: severity, Message: fmt.Sprintf("the environment variable %.100q %s", v.name, what),
					Fix: "take it out, or accept it in the policy if it is meant", Subject: subject(v.name),
				})
			}
		}
		return verdictOn(graded(findings, "variables"))
	},
}

// hijack says what a variable makes run first, or "".
func hijack(name, value string) (gate.Severity, string) {
	if strings.TrimSpace(value) == "" && name != "LD_LIBRARY_PATH" {
		return "", ""
	}
	switch name {
	case "LD_AUDIT":
		return gate.SeverityHigh, "loads a library into every program"
	case "LD_PRELOAD":
		for _, library := range strings.FieldsFunc(value, func(r rune) bool { return r == ':' || r == ' ' }) {
			if !harmlessLibrary(library) {
				return gate.SeverityHigh, fmt.Sprintf("loads %.100q into every program", library)
			}
		}
	case "LD_LIBRARY_PATH":
		return libraryPath(value)
	case "BASH_ENV":
		return gate.SeverityMedium, "makes bash run a file before every script"
	case "ENV":
		if strings.Contains(value, "/") { // not ENV=production
			return gate.SeverityMedium, "makes shells run a file first"
		}
	case "PYTHONSTARTUP", "PERL5OPT", "PERL5DB":
		return gate.SeverityMedium, "makes the interpreter run other code first"
	case "NODE_OPTIONS", "RUBYOPT", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS":
		if loaded := loadedFirst(name, value); loaded != "" {
			return gate.SeverityMedium, fmt.Sprintf("makes the interpreter run %.100q first", loaded)
		}
	}
	return "", ""
}

var (
	allocator = regexp.MustCompile(`^lib(jemalloc|tcmalloc|tcmalloc_minimal|mimalloc)[\w.-]*\.so[\d.]*$`)
	// agents are what vendors of monitoring have loaded.
	agentLibrary = regexp.MustCompile(`^(liboneagentproc\.so|liboneagentloader\.so|launcher\.preload\.so|libotelinject\.so|libsplunk\.so)$`)
	agent        = regexp.MustCompile(`(?i)(^|/)(opentelemetry-javaagent|dd-java-agent|newrelic|elastic-apm-agent|applicationinsights-agent|appdynamics|javaagent|skywalking-agent|pinpoint-bootstrap|jmx_prometheus_javaagent|contrast|glowroot|sentry-opentelemetry-agent|splunk-otel-javaagent|aws-opentelemetry-agent|jolokia)[\w.-]*\.jar(=|$)` +
		`|^(dd-trace|newrelic|elastic-apm-node|applicationinsights|source-map-support|tsconfig-paths|appdynamics|@opentelemetry|@sentry|@splunk|@contrast|@newrelic|@elastic)(/|$)|/node_modules/(dd-trace|newrelic|elastic-apm-node|@opentelemetry|@sentry)/` +
		`|^(bundler/setup|bundled_gems|datadog|ddtrace|newrelic_rpm)(/|$)`)
	// ownLibraries are where distributions keep libraries; /opt is vendors'.
	ownLibraries = []string{"/usr/lib/", "/usr/lib64/", "/usr/local/lib/", "/lib/", "/lib64/", "/opt/"}
)

// harmlessLibrary reports whether a preloaded library is an allocator or a
// vendor's agent, in a place where the image keeps libraries. Without a
// directory the loader finds it there.
func harmlessLibrary(library string) bool {
	name := path.Base(library)
	if !allocator.MatchString(name) && !agentLibrary.MatchString(name) {
		return false
	}
	if !strings.Contains(library, "/") {
		return true
	}
	clean := path.Clean(library)
	return slices.ContainsFunc(ownLibraries, func(dir string) bool { return strings.HasPrefix(clean, dir) })
}

// libraryPath judges the directories in which libraries are looked for first.
func libraryPath(value string) (gate.Severity, string) {
	if value == "" {
		return "", ""
	}
	empty := false
	for dir := range strings.SplitSeq(value, ":") {
		switch {
		case dir == "":
			empty = true
		case strings.HasPrefix(dir, "$ORIGIN"), strings.HasPrefix(dir, "${ORIGIN}"):
		case !path.IsAbs(dir):
			return gate.SeverityHigh, fmt.Sprintf("has libraries looked for in %.100q, which depends on the working directory", dir)
		case anybodyWrites(path.Clean(dir)):
			return gate.SeverityHigh, fmt.Sprintf("has libraries looked for in %.100q, where anybody may put some", dir)
		}
	}
	if empty {
		return gate.SeverityMedium, "has an empty part: libraries are looked for in the working directory"
	}
	return "", ""
}

// anybodyWrites reports whether a cleaned path is, or lies in, a directory that
// every process may write to or that the kernel fills.
func anybodyWrites(p string) bool {
	return slices.ContainsFunc([]string{"/tmp", "/var/tmp", "/dev/shm", "/proc", "/dev"}, func(dir string) bool {
		return p == dir || strings.HasPrefix(p, dir+"/")
	})
}

// loadedFirst is what an interpreter's options have it load, but for the agents
// of known vendors.
func loadedFirst(name, value string) string {
	words := strings.Fields(value)
	for i, w := range words {
		loaded := ""
		switch name {
		case "NODE_OPTIONS":
			option, file, assigned := strings.Cut(w, "=")
			if !slices.Contains([]string{"--require", "-r", "--import", "--loader", "--experimental-loader"}, option) {
				continue
			}
			if loaded = file; !assigned && i+1 < len(words) {
				loaded = words[i+1]
			}
		case "RUBYOPT":
			if loaded = strings.TrimPrefix(w, "-r"); loaded == w {
				continue
			}
		default:
			for _, option := range []string{"-javaagent:", "-agentpath:", "-agentlib:"} {
				if rest, ok := strings.CutPrefix(w, option); ok && !jdwp.MatchString(w) { // jdwp is for CONF-14
					loaded = rest
				}
			}
			if loaded == "" {
				continue
			}
		}
		loaded = strings.Trim(loaded, `"'`)
		file, _, _ := strings.Cut(loaded, "=")
		known := agent.MatchString(loaded) || agentLibrary.MatchString(path.Base(file))
		if !known || anybodyWrites(path.Clean(file)) {
			return loaded
		}
	}
	return ""
}
