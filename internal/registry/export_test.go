package registry

// Forbidden is forbidden, for tests.
var Forbidden = forbidden
