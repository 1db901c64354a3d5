// Package demo is `imagegate demo`: a registry and a gate on loopback, eight
// images that each teach something, and the gate's answer to each. It is how
// somebody who has never seen the project sees the main job in seconds.
package demo
