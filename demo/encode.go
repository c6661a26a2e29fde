package demo

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// The charsets of the sample. gb2312 is what Chinese programs call GBK.
var (
	gb2312      = &charset{"gb2312", simplifiedchinese.GBK}
	gbk         = &charset{"GBK", simplifiedchinese.GBK}
	gb18030     = &charset{"gb18030", simplifiedchinese.GB18030}
	big5        = &charset{"big5", traditionalchinese.Big5}
	iso2022jp   = &charset{"ISO-2022-JP", japanese.ISO2022JP}
	shiftJIS    = &charset{"Shift_JIS", japanese.ShiftJIS}
	koi8r       = &charset{"koi8-r", charmap.KOI8R}
	windows1251 = &charset{"windows-1251", charmap.Windows1251}
	latin1      = &charset{"iso-8859-1", charmap.ISO8859_1}
)

// words says how header text outside ASCII is written.
type words int

const (
	wordsB words = iota // RFC 2047 "B"
	wordsQ              // RFC 2047 "Q"
	words8              // the charset's octets as they are, against the rules
)

func ascii(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 || r < ' ' }) < 0
}

// mailbox writes an address with its name.
func (l *letter) mailbox(p person) string {
	switch {
	case p.name == "":
		return p.addr
	case !ascii(p.name):
		return l.phrase(p.name, len("From: ")) + " <" + p.addr + ">"
	case strings.ContainsAny(p.name, ".,:@()"):
		return fmt.Sprintf("%q <%s>", p.name, p.addr)
	}
	return p.name + " <" + p.addr + ">"
}

// phrase writes header text, folded; used is how much of its first line is
// taken. Every encoded word stays whole within itself: its characters, and the
// shift state of ISO-2022-JP.
func (l *letter) phrase(text string, used int) string {
	if ascii(text) {
		return text
	}
	if l.words == words8 {
		return l.charset.encode(text)
	}
	var out []string
	word := ""
	for _, r := range text {
		if used+len(l.word(word+string(r))) > 75 && word != "" {
			out = append(out, l.word(word))
			word, used = "", 1
		}
		word += string(r)
	}
	return strings.Join(append(out, l.word(word)), "\n ")
}

func (l *letter) word(text string) string {
	octets := l.charset.encode(text)
	if l.words == wordsB {
		return fmt.Sprintf("=?%s?B?%s?=", l.charset.name, base64.StdEncoding.EncodeToString([]byte(octets)))
	}
	var q strings.Builder
	for i := range len(octets) {
		switch c := octets[i]; {
		case c == ' ':
			q.WriteByte('_')
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
			q.WriteByte(c)
		default:
			fmt.Fprintf(&q, "=%02X", c)
		}
	}
	return fmt.Sprintf("=?%s?Q?%s?=", l.charset.name, q.String())
}

// transfer is a content transfer encoding.
type transfer int

const (
	plain transfer = iota // 7bit or 8bit, as the text needs
	quoted
	based
)

// encode gives the body as it travels, and the encoding's name.
func (t transfer) encode(octets string) (string, string) {
	switch t {
	case quoted:
		var b strings.Builder
		w := quotedprintable.NewWriter(&b)
		_, _ = io.WriteString(w, octets) // a Builder takes everything
		_ = w.Close()
		return b.String(), "quoted-printable"
	case based:
		var b strings.Builder
		text := base64.StdEncoding.EncodeToString([]byte(crlf(octets)))
		for len(text) > fillerWidth {
			b.WriteString(text[:fillerWidth] + "\n")
			text = text[fillerWidth:]
		}
		return b.String() + text + "\n", "base64"
	}
	if strings.IndexFunc(octets, func(r rune) bool { return r >= 0x80 }) >= 0 {
		return octets, "8bit"
	}
	return octets, "7bit"
}
