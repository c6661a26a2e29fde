//go:build race

package commit

// thinner says that one in so many schedules is played: the race
// detector makes each ten times slower, and looks for something else.
const thinner = 10
