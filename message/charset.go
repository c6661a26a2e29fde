package message

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// charset decodes octets to text; what does not decode becomes U+FFFD.
type charset func(b []byte) string

// specialCharsets are those that x/text does not have or that mail uses otherwise than it says.
var specialCharsets = map[string]charset{
	"utf8": decodeUTF8, "utf8mb4": decodeUTF8, "cp65001": decodeUTF8, "unicode11utf8": decodeUTF8, "unicode20utf8": decodeUTF8, "utf8n": decodeUTF8,
	"utf7": decodeUTF7, "unicode11utf7": decodeUTF7, "csunicode11utf7": decodeUTF7, "cp65000": decodeUTF7,
	"iso2022jp": decodeISO2022JP, "csiso2022jp": decodeISO2022JP, "iso2022jp1": decodeISO2022JP, "iso2022jp2": decodeISO2022JP,
	"iso2022jp3": decodeISO2022JP, "iso2022jp2004": decodeISO2022JP, "iso2022jpms": decodeISO2022JP, "iso2022jpext": decodeISO2022JP,
	"cp50220": decodeISO2022JP, "cp50221": decodeISO2022JP, "cp50222": decodeISO2022JP, "jis7": decodeISO2022JP, "jis": decodeISO2022JP,
	"utf16": decodeUTF16, "shiftjis": decodeShiftJIS, "sjis": decodeShiftJIS, "cp932": decodeShiftJIS, "ms932": decodeShiftJIS, "932": decodeShiftJIS,
	"mskanji": decodeShiftJIS, "windows31j": decodeShiftJIS, "shiftjisx0213": decodeShiftJIS, "windows932": decodeShiftJIS,
	"iso2022kr": decodeISO2022KR, "csiso2022kr": decodeISO2022KR,
	"iso2022cn": decodeISO2022CN, "iso2022cnext": decodeISO2022CN,
}

// encodings maps names, reduced by charsetKey, to their encodings: the superset that is meant where mail
// names an old subset, and names that the registries lack.
var encodings = map[string]encoding.Encoding{
	"gb2312": simplifiedchinese.GB18030, "gbk": simplifiedchinese.GB18030, "gb18030": simplifiedchinese.GB18030,
	"gb": simplifiedchinese.GB18030, "gb231280": simplifiedchinese.GB18030, "euccn": simplifiedchinese.GB18030,
	"cp936": simplifiedchinese.GB18030, "ms936": simplifiedchinese.GB18030, "936": simplifiedchinese.GB18030,
	"windows936": simplifiedchinese.GB18030, "chinese": simplifiedchinese.GB18030, "gb180302022": simplifiedchinese.GB18030,
	"hz": simplifiedchinese.HZGB2312, "hzgb2312": simplifiedchinese.HZGB2312,
	"big5": traditionalchinese.Big5, "big5hkscs": traditionalchinese.Big5, "cp950": traditionalchinese.Big5, "950": traditionalchinese.Big5,
	"ms950": traditionalchinese.Big5, "big5eten": traditionalchinese.Big5, "cnbig5": traditionalchinese.Big5, "big5tw": traditionalchinese.Big5,
	"eucjp": japanese.EUCJP, "ujis": japanese.EUCJP, "eucjpms": japanese.EUCJP, "cp51932": japanese.EUCJP,
	"euckr": korean.EUCKR, "cp949": korean.EUCKR, "949": korean.EUCKR, "ms949": korean.EUCKR, "uhc": korean.EUCKR,
	"ksc56011987": korean.EUCKR, "ksc5601": korean.EUCKR, "ksc56011989": korean.EUCKR, "ksc": korean.EUCKR, "windows949": korean.EUCKR,
	"utf16be": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "utf16le": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	"utf32":   utf32.UTF32(utf32.BigEndian, utf32.UseBOM),
	"utf32be": utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), "utf32le": utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM),
	"latin1": charmap.Windows1252, "iso88591": charmap.Windows1252, "cp1252": charmap.Windows1252, "windows1252": charmap.Windows1252,
	"ansi": charmap.Windows1252, "cp819": charmap.Windows1252, "ibm819": charmap.Windows1252,
	"latin9": charmap.ISO8859_15, "iso885915": charmap.ISO8859_15, "iso885914": charmap.ISO8859_14, "iso885916": charmap.ISO8859_16,
	"latin2": charmap.ISO8859_2, "iso88592": charmap.ISO8859_2, "iso88593": charmap.ISO8859_3, "iso88594": charmap.ISO8859_4,
	"iso88595": charmap.ISO8859_5, "cyrillic": charmap.ISO8859_5, "iso88596": charmap.ISO8859_6, "arabic": charmap.ISO8859_6,
	"iso88597": charmap.ISO8859_7, "greek": charmap.ISO8859_7, "iso88598": charmap.ISO8859_8, "iso88598i": charmap.ISO8859_8,
	"iso88598e": charmap.ISO8859_8, "hebrew": charmap.ISO8859_8, "iso88599": charmap.Windows1254, "latin5": charmap.Windows1254, "turkish": charmap.Windows1254,
	"iso885910": charmap.ISO8859_10, "latin6": charmap.ISO8859_10, "iso885913": charmap.ISO8859_13, "iso885911": charmap.Windows874,
	"tis620": charmap.Windows874, "cp874": charmap.Windows874, "windows874": charmap.Windows874, "thai": charmap.Windows874,
	"cp1250": charmap.Windows1250, "windows1250": charmap.Windows1250, "cp1251": charmap.Windows1251, "windows1251": charmap.Windows1251,
	"cp1253": charmap.Windows1253, "windows1253": charmap.Windows1253, "cp1254": charmap.Windows1254, "windows1254": charmap.Windows1254,
	"cp1255": charmap.Windows1255, "windows1255": charmap.Windows1255, "cp1256": charmap.Windows1256, "windows1256": charmap.Windows1256,
	"cp1257": charmap.Windows1257, "windows1257": charmap.Windows1257, "cp1258": charmap.Windows1258, "windows1258": charmap.Windows1258,
	"koi8r": charmap.KOI8R, "koi8": charmap.KOI8R, "koi8u": charmap.KOI8U, "koi8ru": charmap.KOI8U,
	"cp866": charmap.CodePage866, "ibm866": charmap.CodePage866, "cp437": charmap.CodePage437, "ibm437": charmap.CodePage437,
	"cp850": charmap.CodePage850, "ibm850": charmap.CodePage850, "cp852": charmap.CodePage852, "ibm852": charmap.CodePage852,
	"cp855": charmap.CodePage855, "ibm855": charmap.CodePage855, "cp858": charmap.CodePage858, "cp860": charmap.CodePage860,
	"cp862": charmap.CodePage862, "cp863": charmap.CodePage863, "cp865": charmap.CodePage865, "ibm1047": charmap.CodePage1047, "cp1047": charmap.CodePage1047,
	"macintosh": charmap.Macintosh, "mac": charmap.Macintosh, "macroman": charmap.Macintosh, "maccyrillic": charmap.MacintoshCyrillic,
}

// KnownCharset says whether a charset's name, as mail or a person writes it, is one that can be decoded.
func KnownCharset(name string) bool { return lookupCharset(name) != nil }

// lookupCharset returns the charset that a message names, or nil where nobody knows it. The names for plain
// ASCII and for "unknown" are not known: 8-bit text under them has to be recognised by itself.
func lookupCharset(name string) charset {
	if c, ok := usualCharsets()[name]; ok {
		return c
	}
	return findCharset(name)
}

// usualCharsets are those that most mail names, under the names that it writes.
var usualCharsets = sync.OnceValue(func() map[string]charset {
	all := map[string]charset{}
	for _, name := range []string{
		"utf-8", "iso-8859-1", "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1251", "windows-1252", "koi8-r",
		"gb2312", "gbk", "gb18030", "big5", "iso-2022-jp", "shift_jis", "euc-kr", "us-ascii",
	} {
		all[name] = findCharset(name)
		all[strings.ToUpper(name)] = all[name]
	}
	return all
})

// findCharset is lookupCharset without its table.
func findCharset(name string) charset {
	if len(name) > 64 {
		return nil
	}
	name, _, _ = strings.Cut(name, "*") // RFC 2231 section 5: a language may follow
	key := charsetKey(name)
	for _, k := range charsetKeys(key) {
		if c, ok := specialCharsets[k]; ok {
			return c
		}
		if e, ok := encodings[k]; ok {
			return decoderOf(e)
		}
	}
	if strings.HasSuffix(key, "ascii") || key == "ansix341968" || key == "646" || key == "iso646us" {
		return nil
	}
	if e, err := htmlindex.Get(strings.TrimSpace(name)); err == nil {
		return decoderOf(e)
	}
	return nil
}

// sameCharset says whether two names, perhaps with a language behind an asterisk (RFC 2231,
// section 5), mean one charset.
func sameCharset(a, b string) bool {
	if a == b {
		return true
	}
	a, _, _ = strings.Cut(a, "*")
	b, _, _ = strings.Cut(b, "*")
	if strings.EqualFold(a, b) {
		return true
	}
	known := canonicalCharset(a)
	return known != "" && known == canonicalCharset(b)
}

// canonicalCharset gives one name to all names of a charset, "" to what nobody knows.
func canonicalCharset(name string) string {
	key := charsetKey(name)
	for _, k := range charsetKeys(key) {
		switch e, ok := encodings[k]; {
		case ok:
			return fmt.Sprint(e)
		case specialCharsets[k] == nil:
		case strings.HasPrefix(k, "utf8"), strings.HasPrefix(k, "unicode11utf8"), strings.HasPrefix(k, "unicode20utf8"), k == "cp65001":
			return "utf8"
		case strings.Contains(k, "jis") && !strings.HasPrefix(k, "jis"), strings.HasSuffix(k, "932"), k == "mskanji", k == "windows31j":
			return "shiftjis"
		case strings.HasPrefix(k, "iso2022jp"), strings.HasPrefix(k, "cp5022"), strings.HasPrefix(k, "jis"), strings.HasPrefix(k, "csiso2022jp"):
			return "iso2022jp"
		default:
			return k
		}
	}
	return ""
}

// charsetKeys are the keys under which a name's key may be known.
func charsetKeys(key string) [4]string {
	return [4]string{key, strings.TrimPrefix(key, "x"), strings.TrimPrefix(key, "cs"), strings.Replace(key, "win", "windows", 1)}
}

// charsetKey reduces a charset's name to its lower-case letters and digits: mail has UTF8, utf_8 and "utf-8".
func charsetKey(name string) string {
	buf := make([]byte, 0, 64)
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			buf = append(buf, c|0x20)
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			buf = append(buf, c)
		}
	}
	return string(buf)
}

// decoderOf makes a charset of an encoding.
func decoderOf(e encoding.Encoding) charset {
	if m, ok := e.(*charmap.Charmap); ok {
		return func(b []byte) string {
			out := make([]byte, 0, len(b)+len(b)/2)
			for _, c := range b {
				out = utf8.AppendRune(out, m.DecodeByte(c))
			}
			return string(out)
		}
	}
	return func(b []byte) string {
		out, _, err := transform.Bytes(e.NewDecoder(), b)
		if err != nil { // only UTF-16 and UTF-32 end in one, at an odd last octet
			out = append(out, "\uFFFD"...)
		}
		return strings.TrimPrefix(string(out), "\ufeff")
	}
}

// isASCII tells whether s holds no octet above 0x7f.
func isASCII[T string | []byte](s T) bool {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if (s[i]|s[i+1]|s[i+2]|s[i+3]|s[i+4]|s[i+5]|s[i+6]|s[i+7])&0x80 != 0 {
			return false
		}
	}
	for ; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
