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
