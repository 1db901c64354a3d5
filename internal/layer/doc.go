// Package layer reads image layers: one pass over a layer's stream verifies its
// digests and yields facts about every entry; the facts of all layers flatten
// into the file system a runtime would mount, and that into gate.Contents.
//
// Nothing is unpacked. What the bytes of a layer do wrong becomes a fact
// (gate.LayerProblem), never an error: errors are failures to read the source.
package layer
