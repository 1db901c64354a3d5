package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestDebugMode(t *testing.T) {
	var scenarios []scenario
	for line, want := range map[string]Outcome{
		"DEBUG=1": Fail, "DEBUG=*": Fail, "DEBUG=": Pass, "DEBUG=False": Pass, "DEBUGGER=x": Pass, "DEBUG_PORT=5005": Pass,
		"FLASK_DEBUG=true": Fail, "NODE_ENV=development": Fail, "NODE_ENV=production": Pass, `RAILS_ENV="development"`: Fail,
		"ASPNETCORE_ENVIRONMENT=Development": Fail, "ASPNETCORE_ENVIRONMENT=Production": Pass,
		"LOG_LEVEL=debug": Fail, "APP_LOG_LEVEL=TRACE": Fail, "APP_LOG_LEVEL=info": Pass, "CATALOG_LEVEL=debug": Pass,
		"GIN_MODE=debug": Fail, "GIN_MODE=release": Pass, "RUST_LOG=trace": Fail, "RUST_LOG=info,app=debug": Pass,
	} {
		scenarios = append(scenarios, scenario{name: line, change: func(in *Input) { in.Image.Config.Env = []string{line} }, want: want})
	}
	test(t, DebugMode, append(scenarios,
		scenario{name: "no variable", want: Pass},
		scenario{name: "it says which", change: func(in *Input) { in.Image.Config.Env = []string{"NODE_ENV=development"} }, want: Fail, severity: gate.SeverityLow, says: "NODE_ENV"},
		scenario{name: "accepted by policy", change: func(in *Input) {
			in.Image.Config.Env = []string{"DEBUG=1"}
			in.Options.AllowedEnv = []string{"DEBUG"}
		}, want: Pass},
	))
}
