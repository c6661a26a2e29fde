package message

import "strings"

// mailbox reads one mailbox: at once where it is written in one of the usual forms, else step by step.
func (h *headerText) mailbox(entry string) Address {
	phrase, spec, ok := usualMailbox(entry)
	if !ok {
		return h.address(entry, 0)
	}
	return Address{
		Name:    shorten(MakeSafe(strings.TrimSpace(h.decode(phrase))), maxAddressText),
		Address: shorten(Safe(spec), maxAddressText),
	}
}

// surname returns what stands alone before a comma and holds no address: the first half of "Smith, John
// <js@example.org>", which wants quotation marks that many do not write.
func surname(a Address) Safe {
	switch {
	case a.Address == "":
		return a.Name
	case a.Name == "" && strings.IndexByte(string(a.Address), '@') < 0:
		return a.Address
	}
	return ""
}

// usualMailbox takes apart a mailbox that is a plain addr-spec, or one in angle brackets behind words or a quoted
// string without escapes. What it gives, [headerText.address] would find too; ok is false for all other forms.
func usualMailbox(entry string) (phrase, spec string, ok bool) {
	if entry == "" {
		return "", "", false
	}
	start := len(entry) // of the addr-spec
	end := start
	if entry[end-1] == '>' {
		end--
		start--
	}
	ats, bracketed := 0, end < len(entry)
	for start > 0 && isSpecOctet[entry[start-1]] {
		if start--; entry[start] == '@' {
			ats++
		}
	}
	spec = entry[start:end]
	if ats != 1 || spec[0] == '@' || spec[len(spec)-1] == '@' {
		return "", "", false
	}
	if !bracketed {
		return "", spec, start == 0
	}
	if start == 0 || entry[start-1] != '<' {
		return "", "", false
	}
	phrase = strings.TrimSpace(entry[:start-1])
	if len(phrase) > 1 && phrase[0] == '"' && strings.IndexByte(phrase, '\\') < 0 && strings.IndexByte(phrase[1:], '"') == len(phrase)-2 {
		return strings.TrimSpace(phrase[1 : len(phrase)-1]), spec, true
	}
	for i := range len(phrase) {
		if !isPhraseOctet[phrase[i]] {
			return "", "", false
		}
	}
	return phrase, spec, true
}

// Octets by what they can be without a meaning of their own: in an addr-spec, in a phrase, and in an address list. An
// encoded word's marks count as part of a phrase, since nothing else in such a phrase can be mistaken for structure.
var isSpecOctet, isPhraseOctet, isTextOctet = func() (spec, phrase, text [256]bool) {
	for i := range 256 {
		c := byte(i)
		word := isLetter(c) || c >= '0' && c <= '9' || strings.IndexByte("+-._", c) >= 0
		spec[c] = word || c == '@'
		phrase[c] = word || c >= 0x80 || strings.IndexByte(" !#$%&'*/=?^`{|}~", c) >= 0
		text[c] = phrase[c] && c != '='
	}
	return spec, phrase, text
}()
