// Package integration holds the tests of the popmark program against real POP3
// servers. It has no code of its own: the servers are started by its package
// servers, the program is built from the module's root.
package integration
