// Package servers starts real POP3 servers for tests: Dovecot, Courier, popa3d,
// solid-pop3d and GNU Mailutils, each on a loopback port of its own, with one user
// and an empty maildrop under the test's temporary folder.
//
// Dovecot runs as it is installed, with a configuration of its own. Debian's
// packages of the others exclude each other, so they are not installed: the script
// .ci/servers downloads them, and a test lays one over the root file system in a
// mount namespace that vanishes with the test. Nothing outside is changed.
//
// A server that is not there makes the test be skipped, and fail where the
// environment's POPMARK_REQUIRE_TOOLS is 1.
package servers
