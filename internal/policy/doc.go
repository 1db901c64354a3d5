// Package policy turns policy files into decisions. Load reads a file strictly,
// Set selects the policy for a reference, and Policy.Decide makes the verdict:
// a pure function of policy, evidence and time.
//
// One file holds one rule kind: its fields, what they demand, and how they are
// decided. The checks that rules enforce are the catalogue's, in package check.
package policy
