package triage

import (
	"cmp"
	"slices"
	"strings"

	"popmark/mailbox"
	"popmark/message"
)

// Grouping says what messages are put together by.
type Grouping uint8

// The groupings.
const (
	BySender Grouping = iota // the sender's whole address
	ByDomain                 // what stands behind its @
)

// Group is the messages of one sender or domain.
type Group struct {
	// Name is the address or domain in lower case; "" for messages whose header is
	// not known or names nobody.
	Name   message.Safe
	Octets int64
	IDs    []mailbox.ID
}

// Groups puts the messages at the indexes together, the largest total first.
func Groups(indexes []int32, by Grouping, row func(int32) Row) []Group {
	at := make(map[message.Safe]int)
	var groups []Group
	for _, index := range indexes {
		r := row(index)
		name := groupName(r.Envelope, by)
		i, ok := at[name]
		if !ok {
			i = len(groups)
			at[name] = i
			groups = append(groups, Group{Name: name})
		}
		groups[i].Octets += max(r.Message.Octets, 0)
		groups[i].IDs = append(groups[i].IDs, r.Message.ID)
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Octets, a.Octets), cmp.Compare(a.Name, b.Name))
	})
	return groups
}

func groupName(e *message.Envelope, by Grouping) message.Safe {
	if e == nil {
		return ""
	}
	address := strings.ToLower(string(e.From.Address))
	if by == ByDomain {
		if at := strings.LastIndexByte(address, '@'); at >= 0 {
			address = address[at+1:]
		}
	}
	return message.Safe(address)
}
