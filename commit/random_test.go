package commit

import (
	"strings"
	"testing"

	"popmark/triage"

	"pgregory.net/rapid"
)

func TestP1toP5_RandomMailboxesUnderSeveralFaults(t *testing.T) {
	played := 0
	rapid.Check(t, func(t *rapid.T) {
		s := setting{
			marks:       rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 3), func(n int) triage.Mark { return triage.Mark(n) }), 1, 40).Draw(t, "marks"),
			order:       triage.Order(rapid.IntRange(0, 1).Draw(t, "order")),
			checkpoint:  rapid.IntRange(0, 4).Draw(t, "checkpoint"),
			uidl:        rapid.Bool().Draw(t, "uidl"),
			pipelines:   rapid.Bool().Draw(t, "pipelining"),
			dropCommits: rapid.Bool().Draw(t, "dropCommits"),
			others:      others(rapid.IntRange(0, int(othersChoices)-1).Draw(t, "others")),
			retries:     rapid.IntRange(0, 3).Draw(t, "retries"),
			twoPlaces:   rapid.Bool().Draw(t, "twoPlaces"),
		}
		s.uidl = s.uidl || s.others.reuse()
		s.takesUp = s.uidl && rapid.Bool().Draw(t, "takesUp")
		s.emptyTOP = !s.others.reuse() && rapid.Bool().Draw(t, "emptyTOP") // nothing else tells the two apart
		faults := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) strike {
			return strike{
				blow: blow(rapid.IntRange(int(kill), int(blows)-1).Draw(t, "blow")),
				at:   rapid.IntRange(1, 30*(1+len(s.marks)/4)).Draw(t, "at"),
			}
		}), 1, 4).Draw(t, "faults")
		_, breaches := s.play(faults...)
		played++
		if len(breaches) > 0 {
			t.Fatalf("%v; %v:\n\t%s", s, faults, strings.Join(breaches, "\n\t"))
		}
	})
	t.Logf("%d schedules ran", played)
}
