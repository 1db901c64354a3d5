// Package servertest gives tests the real servers that a gate of several
// replicas stands on: PostgreSQL and Redis, started by the test binary on
// loopback.
//
//	url := servertest.PostgreSQL(t)       // a fresh, empty database; one server per test binary
//	server := servertest.NewPostgreSQL(t) // a server of this test's own, to Kill, Stop and Start
//	cache := servertest.Redis(t)          // likewise
//
// No package needs a TestMain for it, and nothing is left behind: the servers end
// and their files go when the test binary ends, be it by SIGKILL. A test whose
// server is not installed is skipped, or fails where IMAGEGATE_TEST_SERVERS is
// "required", as it is in CI. It works on Linux only.
package servertest
