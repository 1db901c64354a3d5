// Package workload knows Kubernetes: the images an object would run, wherever
// in it they stand. Its neighbours read manifests (manifest), hold them against
// a catalogue (audit), and answer admission reviews (admission). They are the
// only importers of Kubernetes' types.
package workload
