package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// DebugMode is ENV-06.
var DebugMode = &Check{
	ID: "ENV-06", Name: "debug-mode", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:    "Environment variables that put frameworks into development mode, or logs at debug or trace.",
		Why:     "Development modes show stack traces and consoles to visitors; debug logs hold what users send.",
		Example: "FLASK_DEBUG=1, NODE_ENV=development and APP_LOG_LEVEL=trace fail, as LOW; NODE_ENV=production and DEBUG=false pass.",
		Fix:     "Set production values in the image, and others where it is run.",
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for _, v := range judgedEnv(in) {
			if !debugs(strings.ToUpper(v.name), strings.ToLower(strings.Trim(strings.TrimSpace(v.value), `"'`))) {
				continue
			}
			findings = append(findings, Finding{
				Message: fmt.Sprintf("the environment variable %.100q is set as in development", v.name),
				Fix:     "set the production value in the image", Subject: subject(v.name),
			})
		}
		return verdictOn(bounded(findings, "variables"))
	},
}

// debugs judges a name in capitals and a value in small letters.
func debugs(name, value string) bool {
	on := !slices.Contains([]string{"", "0", "false", "no", "off", "none", "null"}, value)
	switch name {
	case "DEBUG", "FLASK_DEBUG", "APP_DEBUG", "DJANGO_DEBUG", "WP_DEBUG", "NODE_DEBUG":
		return on
	case "NODE_ENV", "RAILS_ENV", "RACK_ENV", "FLASK_ENV", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT", "MIX_ENV", "APP_ENV":
		return value == "development" || value == "dev"
	case "GIN_MODE":
		return value == "debug"
	case "RUST_LOG":
		return value == "debug" || value == "trace"
	}
	if lastWords(name, "LOG_LEVEL") || lastWords(name, "LOGLEVEL") {
		return value == "debug" || value == "trace"
	}
	return false
}
