// Package sign signs image digests and verifies signatures, with cosign as a
// library; it is cosign's only importer.
//
// "Signed" means: there is a simple-signing payload under the .sig tag, or a
// Sigstore bundle (v0.3) among the digest's referrers whose in-toto statement
// has cosign's own predicate type for signatures, that names this digest and
// verifies with this key. An attestation by the same key is not a signature,
// although cosign's program takes it for one; so the key that signs images
// must sign nothing else.
//
// All reading from the registry is done here and bounded; what is read is
// verified by cosign. An answer that could not be had is an error, never
// "unsigned".
package sign
