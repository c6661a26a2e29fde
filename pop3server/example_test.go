package pop3server_test

import (
	"bufio"
	"fmt"
	"net"

	"popmark/pop3server"
)

// A server that carries QUIT out and never says so: what a client must then
// find out is whether its deletions came true.
func Example() {
	drop := pop3server.NewMemory(
		pop3server.NewMessage("one", pop3server.CRLF("Subject: first", "", "Hello.")),
		pop3server.NewMessage("two", pop3server.CRLF("Subject: second", "", "Hello again.")),
	)
	server := pop3server.New(
		pop3server.WithUser("ann", "secret", drop),
		pop3server.WithHooks(pop3server.LoseAnswer(pop3server.On("QUIT"), pop3server.Close)),
	)
	addr, err := server.Listen("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Fprint(conn, "USER ann\r\nPASS secret\r\nDELE 1\r\nQUIT\r\n")
	answers := 0
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		answers++
	}
	if err := server.Close(); err != nil {
		fmt.Println(err)
	}
	fmt.Println(answers, "answers, greeting included; left:", drop.UIDLs())
	fmt.Println("commands:", len(server.Commands()))
	// Output:
	// 4 answers, greeting included; left: [two]
	// commands: 4
}
