package message

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// hop is what one Received field says of a step on the way (RFC 5321 section 4.4).
type hop struct {
	by     string // the host that wrote the field, in lower case, or ""
	inside bool   // handed on within one organisation: nobody from outside could have sent it so
}

// maxHops is how many Received fields are read: no organisation hands a message on more often within itself.
const maxHops = 16

// readHop reads a Received value.
func readHop(value string) hop {
	value, _, _ = cutFirst(value[:min(len(value), 4096)], ';')
	var h hop
	hasFrom, key := false, ""
	words := func(s string) {
		for word := range strings.FieldsSeq(s) {
			switch {
			case h.by == "" && strings.EqualFold(key, "by"):
				h.by = strings.ToLower(strings.Trim(word, "."))
			case len(word) >= 4 && strings.EqualFold(key, "with"):
				h.inside = h.inside || strings.EqualFold(word[:4], "lmtp")
			}
			hasFrom = hasFrom || strings.EqualFold(word, "from")
			key = word
		}
	}
	from := "" // the first comment: behind the sender's own name it is what the receiver saw of it
	scan := newAddressScanner(value)
	start := 0
	for i := strings.IndexByte(value, '('); i >= start && i < len(value); {
		end := scan.comment(i)
		if end > i+1 {
			if from == "" {
				from = value[i:end]
			}
			words(value[start:i])
			start = end
		}
		next := strings.IndexByte(value[end:], '(')
		if next < 0 {
			break
		}
		i = end + next
	}
	words(value[start:])
	h.inside = h.inside || !hasFrom || isPrivatePeer(from) && !isPublicHost(h.by)
	return h
}

// isPrivatePeer tells whether the comment of a from-clause has a private or loopback address in brackets, as
// the host that wrote it saw it. Behind an equals sign it is what the peer said of itself.
func isPrivatePeer(comment string) bool {
	before, rest, ok := cutFirst(comment, '[')
	if !ok || strings.HasSuffix(before, "=") {
		return false
	}
	text, _, _ := cutFirst(rest, ']')
	ip, err := netip.ParseAddr(strings.TrimPrefix(strings.ToLower(text), "ipv6:"))
	return err == nil && (ip.IsPrivate() || ip.IsLoopback())
}

// isPublicHost tells whether a host's name is one that somebody registered.
func isPublicHost(host string) bool {
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return false
	}
	suffix, isICANN := publicsuffix.PublicSuffix(host)
	return host != suffix && (isICANN || strings.Contains(suffix, ".") || isReserved(suffix))
}

// isReserved tells whether a top-level domain is one of those kept for examples and tests (RFC 2606).
func isReserved(suffix string) bool {
	return suffix == "example" || suffix == "test" || suffix == "invalid"
}

// isReceiver tells whether server, the authserv-id of the topmost Authentication-Results, is of the organisation
// that received the message, as the Received fields from the top have it. A sender who knows the receiving
// server's name can forge that too, but RFC 8601 section 5 makes a server that writes such fields take those out.
func (h *header) isReceiver(server string) bool {
	server = strings.ToLower(strings.Trim(server, `".`))
	if server == "" {
		server = "outlook.com" // only Exchange's own service leaves its name out
	}
	for _, value := range h.hops[:h.hopCount] {
		hop := readHop(value)
		switch {
		case hop.by == server || sameOwner(hop.by, server):
			return true
		case !hop.inside:
			// Nothing that a sender wrote stands above the receiver's own Received.
			return h.resultsFirst && !isPublicHost(hop.by)
		}
	}
	return false
}
