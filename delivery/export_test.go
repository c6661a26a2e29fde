package delivery

import "testing"

// SyncEarlyAfter lets early fsyncs begin after so many octets, for a test that is not run beside others.
func SyncEarlyAfter(t *testing.T, octets int64) {
	before := earlyAfter
	earlyAfter = octets
	t.Cleanup(func() { earlyAfter = before })
}
