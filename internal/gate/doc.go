// Package gate is the domain of imagegate: the words the project speaks
// (Reference, Evidence, Violation, Verdict, Evaluation), the one flow that
// turns a reference into a signed verdict (Service), and the small interfaces
// that flow needs from the outside world.
//
// It imports the standard library and go-containerregistry's name parser,
// nothing else: no Trivy, cosign, gin, SQL or Kubernetes. What it does can
// therefore be read, built and tested in seconds.
package gate
