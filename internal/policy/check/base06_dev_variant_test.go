package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestDevVariant(t *testing.T) {
	test(t, DevVariant, []scenario{
		{name: "no base is known", want: NotApplicable},
		{name: "a debug tag", change: func(in *Input) {
			in.Image.Base = &gate.Base{Reference: "gcr.io/distroless/static:debug-nonroot", Proof: gate.ProofClaimed}
		}, want: Fail, severity: gate.SeverityHigh, says: "debug"},
		{name: "a dev tag", change: func(in *Input) {
			in.Image.Base = &gate.Base{Reference: "registry.example/python:3.13-dev", Proof: gate.ProofClaimed}
		}, want: Fail, severity: gate.SeverityHigh},
		{name: "a toolchain", change: func(in *Input) { in.Image.Base = &gate.Base{Reference: "golang:1.26", Proof: gate.ProofClaimed} }, want: Fail, severity: gate.SeverityHigh, says: "toolchain"},
		{name: "an SDK", change: func(in *Input) {
			in.Image.Base = &gate.Base{Reference: "mcr.microsoft.com/dotnet/sdk:9.0", Proof: gate.ProofClaimed}
		}, want: Fail, severity: gate.SeverityHigh},
		{name: "a language image with its compilers", change: func(in *Input) { in.Image.Base = &gate.Base{Reference: "node:22", Proof: gate.ProofClaimed} }, want: Fail, severity: gate.SeverityMedium, says: "slim"},
		{name: "its slim variant", change: func(in *Input) {
			in.Image.Base = &gate.Base{Reference: "node:22-bookworm-slim", Proof: gate.ProofClaimed}
		}, want: Pass},
		{name: "its alpine variant", change: func(in *Input) {
			in.Image.Base = &gate.Base{Reference: "python:3.13-alpine3.21", Proof: gate.ProofClaimed}
		}, want: Pass},
		{name: "words are compared whole", change: func(in *Input) {
			in.Image.Base = &gate.Base{Reference: "registry.example/debugger-free:devout", Proof: gate.ProofClaimed}
		}, want: Pass},
		{name: "allowed by policy", change: func(in *Input) {
			in.Image.Base = &gate.Base{Reference: "golang:1.26", Proof: gate.ProofClaimed}
			in.Options.DevBases = true
		}, want: NotApplicable},
	})
}
