// Package corpus is a test: images that are each a trap some scanner or policy
// tool is known to have fallen into, pushed to a real registry and decided by
// the gate as it ships, with Trivy, a vulnerability database and the default
// policy. Each case says in a sentence what the trap is, which checks must fire
// and which must stay silent. A false alarm that somebody meets, and a hole that
// somebody finds, become a case here.
package corpus
