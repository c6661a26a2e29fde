package commit

import (
	"time"

	"popmark/delivery"
)

// Bin is where copies of deleted messages are kept for a while.
type Bin struct {
	Destination delivery.Destination // a Maildir of its own
	MaxOctets   int64                // larger messages, by LIST's sizes, are deleted without a copy
	Keep        time.Duration        // how long copies stay; 0 is for ever
}

// takes tells whether a message of this size is copied before it is deleted.
func (b *Bin) takes(octets int64) bool { return b != nil && octets <= b.MaxOctets }
