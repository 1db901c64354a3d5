// Package registry finds images and reads their small objects (index, manifest,
// config) and opens their layers, from registries and from local layouts and
// archives, on go-containerregistry's references, credentials and transports.
//
// Everything it returns was bounded in size and verified against its digest;
// layers are streams that their reader verifies.
package registry
