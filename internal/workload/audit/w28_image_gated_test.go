package audit

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestImageGated(t *testing.T) {
	field := []string{"spec.containers[0].image"}
	decided := func(d gate.Decision) Options {
		return Options{Images: func(reference string) (ImageFacts, bool) { return ImageFacts{Decision: d}, reference == "i" }}
	}
	test(t, ImageGated, []scenario{
		{name: "a pass", objects: one("image: i"), options: decided(gate.Pass)},
		{name: "a fail", objects: one("image: i"), options: decided(gate.Fail), want: field, says: "is fail"},
		{name: "an error", objects: one("image: i"), options: decided(gate.Errored), want: field, says: "is error"},
		{name: "none in force", objects: one("image: i"), options: decided(""), want: field, says: "no verdict in force"},
		{name: "an image the gate never saw", objects: one("image: j"), options: decided(gate.Pass), want: field, says: "no verdict in force"},
		{name: "a gate that was not asked is said once", objects: podOf("containers: [{name: c, image: i}, {name: d, image: j}]"), want: []string{""}, says: "2 images", outcome: "unknown"},
		{name: "without images there is nothing to ask", objects: "{apiVersion: v1, kind: Namespace, metadata: {name: a}}"},
	})
}
