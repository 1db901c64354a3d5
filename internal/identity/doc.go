// Package identity answers who a caller is and what that caller may ask. A
// rights file names callers and what each may do; a caller shows who it is by
// an API token, of which only the hash is kept, by a JWT that an OpenID Connect
// issuer or a cluster signed, or by the certificate of its connection. What no
// right allows is denied.
package identity
