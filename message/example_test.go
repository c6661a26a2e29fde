package message_test

import (
	"fmt"
	"time"

	"popmark/message"
)

func ExampleDecoder_Envelope() {
	header := []byte("From: =?utf-8?Q?J=C3=BCrgen?= <j@example.org>\r\n" +
		"Subject: =?gb2312?B?xOO6ww==?= \x1b[2J\r\n" +
		"Date: Sat, 31 Jan 2026 10:00:00 EST\r\n\r\n")
	e := message.Decoder{}.Envelope(header)
	fmt.Println(e.From)
	fmt.Println(e.Subject)
	fmt.Println(e.Date.Format(time.RFC3339))
	// Output:
	// Jürgen <j@example.org>
	// 你好 ␛[2J
	// 2026-01-31T10:00:00-05:00
}

func ExampleDecoder_Preview() {
	// What TOP gave of a message that goes on.
	top := []byte("Subject: parts\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" +
		"--x\r\nContent-Type: text/html\r\n\r\n" +
		"<p>Please <a href=\"https://evil.test/\">log in at bank.example.com</a>\r\n" +
		"--x\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBBQA\r\n")
	p := message.Decoder{}.Preview(top)
	for _, line := range p.Text {
		fmt.Println(line)
	}
	fmt.Println(p.Attachments[0].Name, p.Attachments[0].Octets, p.Truncated)
	// Output:
	// Please log in at bank.example.com [1 goes to evil.test!]
	//
	// [1] https://evil.test/ (its text says bank.example.com)
	// a.zip 6 true
}
