//go:build !race

package commit

// thinner says that one in so many schedules is played.
const thinner = 1
