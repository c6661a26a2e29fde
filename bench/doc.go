// Command bench measures how fast popmark lists, fetches, moves and deletes,
// beside clients that do the least that can be done and beside other programs.
//
//	go run ./bench -quick
//	go run ./bench -write docs
//
// It builds popmark, and serves mailboxes with pop3server and, where it is
// installed, Dovecot, each in a process of its own on loopback. Between client and
// server it can put a line with a delay and a bandwidth. Programs that are not
// installed are left out, with a word.
//
// Times depend on the machine and on what else it does; what is worth comparing
// are the ratios of one run. No test looks at them.
package main
