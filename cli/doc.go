// Package cli is popmark's command line: one file a command, and what they share.
//
// It reads options, asks the packages below for what they can do, and prints: plain
// lines or JSON Lines on standard output, one line for an error on standard error,
// and an exit status of sysexits.h. Nothing is decided here that could be asked of
// another package.
package cli
