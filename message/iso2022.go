package message

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// decodeISO2022JP decodes ISO-2022-JP and its relatives (RFC 1468, RFC 1554 and what vendors add: JIS X 0201
// katakana, 8-bit katakana, NEC and IBM characters). The text is brought into the form of EUC-JP, whose table has them all.
func decodeISO2022JP(b []byte) string {
	const (
		ascii = iota
		katakana
		kanji
		supplement
	)
	euc := make([]byte, 0, len(b)+len(b)/2)
	state := ascii
	for i := 0; i < len(b); {
		c := b[i]
		if c == 0x1b {
			n := 3
			switch rest := string(b[i+1 : min(i+4, len(b))]); {
			case strings.HasPrefix(rest, "(B"), strings.HasPrefix(rest, "(J"), strings.HasPrefix(rest, "(H"):
				state = ascii
			case strings.HasPrefix(rest, "(I"):
				state = katakana
			case strings.HasPrefix(rest, "$@"), strings.HasPrefix(rest, "$B"), strings.HasPrefix(rest, "&@"):
				state = kanji
			case rest == "$(B", rest == "$(@", rest == "$(O", rest == "$(Q":
				state, n = kanji, 4
			case rest == "$(D", rest == "$(P":
				state, n = supplement, 4
			default:
				euc = append(euc, c)
				n = 1
			}
			i += n
			continue
		}
		pair := state >= kanji && c > 0x20 && c < 0x7f && i+1 < len(b) && b[i+1] > 0x20 && b[i+1] < 0x7f
		switch {
		case c == '\n' || c == '\r': // a line starts in ASCII, whatever the one before forgot
			state = ascii
			euc = append(euc, c)
		case c == 0x0e: // SO and SI switch katakana in JIS7
			state = katakana
		case c == 0x0f:
			state = ascii
		case c >= 0xa1 && c <= 0xdf:
			euc = append(euc, 0x8e, c)
		case state == katakana && c > 0x20 && c < 0x60:
			euc = append(euc, 0x8e, c|0x80)
		case pair && state == supplement:
			euc = append(euc, 0x8f, c|0x80, b[i+1]|0x80)
			i++
		case pair:
			euc = append(euc, c|0x80, b[i+1]|0x80)
			i++
		case c >= 0x80, state >= kanji && c > 0x20:
			euc = append(euc, 0xff) // what EUC-JP does not have either
		default:
			euc = append(euc, c)
		}
		i++
	}
	return decoderOf(japanese.EUCJP)(euc)
}

// decodeISO2022KR decodes RFC 1557: KS C 5601 between SO and SI.
func decodeISO2022KR(b []byte) string {
	return decoderOf(korean.EUCKR)(shiftedOctets(b))
}

// decodeISO2022CN decodes RFC 1922 as far as GB 2312 goes; CNS 11643 has no table here.
func decodeISO2022CN(b []byte) string {
	return decoderOf(simplifiedchinese.GB18030)(shiftedOctets(b))
}

// shiftedOctets sets the high bit of what stands between SO and SI and takes the designations out.
func shiftedOctets(b []byte) []byte {
	out := make([]byte, 0, len(b))
	shifted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == 0x1b && i+3 < len(b) && b[i+1] == '$' && (b[i+2] == ')' || b[i+2] == '*' || b[i+2] == '+'):
			i += 3
		case c == 0x0e:
			shifted = true
		case c == 0x0f:
			shifted = false
		case c == '\n':
			shifted = false
			out = append(out, c)
		case shifted && c > 0x20 && c < 0x7f:
			out = append(out, c|0x80)
		default:
			out = append(out, c)
		}
	}
	return out
}

// decodeUTF7 decodes RFC 2152. What is not UTF-7 stays as it is.
func decodeUTF7(b []byte) string {
	var out strings.Builder
	s := string(b)
	for s != "" {
		plus := strings.IndexByte(s, '+')
		if plus < 0 {
			break
		}
		out.WriteString(s[:plus])
		s = s[plus+1:]
		end := 0
		for end < len(s) && isBase64(s[end]) {
			end++
		}
		run := s[:end]
		s = s[end:]
		if strings.HasPrefix(s, "-") {
			s = s[1:]
			if run == "" {
				out.WriteByte('+')
				continue
			}
		} else if run == "" {
			out.WriteByte('+')
			continue
		}
		octets, err := base64.RawStdEncoding.DecodeString(run)
		if err != nil { // the last sextet may be cut
			octets, _ = base64.RawStdEncoding.DecodeString(run[:len(run)/4*4])
		}
		units := make([]uint16, 0, len(octets)/2)
		for i := 0; i+1 < len(octets); i += 2 {
			units = append(units, uint16(octets[i])<<8|uint16(octets[i+1]))
		}
		out.WriteString(string(utf16.Decode(units)))
	}
	out.WriteString(s)
	return strings.ToValidUTF8(out.String(), "\uFFFD")
}

func isBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}
