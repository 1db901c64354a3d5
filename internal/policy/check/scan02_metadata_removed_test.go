package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestMetadataRemoved(t *testing.T) {
	test(t, MetadataRemoved, []scenario{
		{name: "nothing removed", want: Pass},
		{name: "the package database deleted", change: func(in *Input) {
			in.Image.Contents.Removed = []gate.RemovedMetadata{{Path: "/var/lib/dpkg/status", RemovedBy: 1, Change: "deleted"}}
		}, want: Fail, severity: gate.SeverityHigh, says: "deleted"},
	})
}
