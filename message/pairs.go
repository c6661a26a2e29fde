package message

// pairs counts two-octet characters of one charset.
type pairs struct {
	pairs, common int // all, and those of everyday text
	strong        int // those that only this charset explains
	bad           int // octets that the charset does not have
	beyondHangul  int // EUC only: those outside the rows where EUC-KR keeps its syllables
}

func (p pairs) good() bool { return p.bad == 0 && p.common*5 >= p.pairs*4 }

var pairCounters = map[string]func([]byte) pairs{
	"gb2312": countGBK, "gbk": countGBK, "gb18030": countGBK, "big5": countBig5,
	"shiftjis": countShiftJIS, "cp932": countShiftJIS, "euckr": countEUCKR, "cp949": countEUCKR, "eucjp": countEUCJP,
}

// countPairs walks over two-octet characters. lead tells whether an octet begins one; count looks at one and
// tells whether the charset has it; a high octet that begins none is bad unless single allows it.
func countPairs(b []byte, lead func(byte) bool, single func(byte) bool, count func(p *pairs, c, t byte) bool) pairs {
	var p pairs
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c < 0x80 || single(c):
		case !lead(c):
			p.bad++
		case i+1 == len(b):
			if len(b) < maxDetect { // else it was cut
				p.bad++
			}
		default:
			p.pairs++
			if !count(&p, c, b[i+1]) {
				p.bad++
			}
			i++
		}
	}
	return p
}

func never(byte) bool { return false }

func countGBK(b []byte) pairs {
	return countPairs(b, func(c byte) bool { return c >= 0x81 && c <= 0xfe }, never, func(p *pairs, c, t byte) bool {
		if t < 0xa1 {
			p.strong++ // GBK's own characters, which everyday text hardly has
		} else if c >= 0xb0 && c <= 0xd7 || c == 0xa1 || c == 0xa3 {
			p.common++
			if c > 0xc8 || c == 0xa3 {
				p.beyondHangul++
			}
		}
		return t >= 0x30 && t != 0x7f && t != 0xff
	})
}

func countBig5(b []byte) pairs {
	return countPairs(b, func(c byte) bool { return c >= 0xa1 && c <= 0xf9 }, never, func(p *pairs, c, t byte) bool {
		if c >= 0xa4 && c <= 0xc6 || c == 0xa1 {
			p.common++
		}
		if t < 0xa1 {
			p.strong++
		}
		return t >= 0x40 && t <= 0x7e || t >= 0xa1 && t <= 0xfe
	})
}

func countShiftJIS(b []byte) pairs {
	halfKana := func(c byte) bool { return c >= 0xa1 && c <= 0xdf }
	p := countPairs(b, func(c byte) bool { return c >= 0x81 && c <= 0x9f || c >= 0xe0 && c <= 0xfc }, halfKana, func(p *pairs, c, t byte) bool {
		kana := c == 0x82 && t >= 0x9f || c == 0x83 && t <= 0x96
		if kana || c == 0x81 || c == 0x82 || c >= 0x88 && c <= 0x97 {
			p.common++
		}
		if kana {
			p.strong++
		}
		return t >= 0x40 && t != 0x7f && t <= 0xfc
	})
	half := 0
	for _, c := range b {
		if halfKana(c) {
			half++
		}
	}
	if half > 2*p.pairs { // more of them than of all else: some other charset's letters
		p.bad++
	}
	return p
}

func countEUCKR(b []byte) pairs {
	return countPairs(b, func(c byte) bool { return c >= 0x81 && c <= 0xfe }, never, func(p *pairs, c, t byte) bool {
		if c >= 0xb0 && c <= 0xc8 && t >= 0xa1 || c >= 0xa1 && c <= 0xa3 {
			p.common++
		}
		return t >= 0x41 && t <= 0xfe
	})
}

func countEUCJP(b []byte) pairs {
	return countPairs(b, func(c byte) bool { return c >= 0xa1 && c <= 0xfe || c == 0x8e }, func(c byte) bool { return c == 0x8f }, func(p *pairs, c, t byte) bool {
		if c == 0x8e || c >= 0xa1 && c <= 0xa5 || c >= 0xb0 && c <= 0xcf {
			p.common++
		}
		if c == 0xa4 || c == 0xa5 {
			p.strong++
		}
		return t >= 0xa1
	})
}
