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
	value, _, _ = cutFirst(unfold(value[:min(len(value), 4096)]), ';')
	words, from := "", ""
	scan := newAddressScanner(value)
	start := 0
	for i := 0; i < len(value); {
		end := i + 1
		if value[i] == '(' {
			if end = scan.comment(i); end > i+1 {
				if from == "" { // what follows the sender's own name is what the receiver saw of it
					from = value[i:end]
				}
				words += value[start:i] + " "
				start = end
			}
		}
		i = end
	}
	words += value[start:]
	var h hop
	hasFrom, key := false, ""
	for word := range strings.FieldsSeq(strings.ToLower(words)) {
		switch key {
		case "by":
			if h.by == "" {
				h.by = strings.Trim(word, ".")
			}
		case "with":
			h.inside = h.inside || strings.HasPrefix(word, "lmtp")
		}
		hasFrom = hasFrom || word == "from"
		key = word
	}
	h.inside = h.inside || !hasFrom || !isPublicHost(h.by) && isPrivatePeer(from)
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
	hops, above := 0, false
	for f := range rawFields(h.headerText.header) {
		switch kindOf(f.name) {
		case fieldAuthResults:
			above = above || hops == 0
		case fieldReceived:
			hop := readHop(f.value)
			switch {
			case hop.by == server || domainOwner(hop.by) == domainOwner(server):
				return true
			case !hop.inside:
				// Nothing that a sender wrote stands above the receiver's own Received.
				return above && !isPublicHost(hop.by)
			}
			if hops++; hops == maxHops {
				return false
			}
		}
	}
	return false
}
