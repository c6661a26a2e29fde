package ui

import (
	"strconv"
	"time"

	progressbar "charm.land/bubbles/v2/progress"
	"charm.land/lipgloss/v2"

	"popmark/keymap"
	"popmark/mailbox"
	"popmark/message"
)

// runHead is how many lines stand over the steps of a commit under way.
const runHead = 5

// runText is a commit under way: how much of it is done, then its steps around the one that moved last.
func (m *model) runText() page {
	p := &m.run
	rows := max(m.textHeight()-runHead, 0)
	first := max(min(p.current-rows/3, len(p.steps)-rows), 0)
	return page{min(runHead+len(p.steps), m.textHeight()), func(i int, l *line) {
		switch {
		case i == 0 && p.phase != "":
			l.put(m.theme.warn, p.phase)
		case i == 0:
			l.put(m.theme.accent, "Carrying out the plan")
		case i == 1:
			m.drawRunBar(l)
		case i == 2:
			m.drawRunWords(l)
		case i >= runHead && first+i-runHead < len(p.steps):
			m.drawStep(l, &p.steps[first+i-runHead])
		}
	}}
}

func (m *model) drawRunBar(l *line) {
	p := &m.run
	share := 0.0
	switch {
	case p.total > 0:
		share = float64(p.octets) / float64(p.total)
	case len(p.steps) > 0:
		share = float64(p.settled+p.promised) / float64(len(p.steps))
	}
	cells := max(min(l.left-6, 60), 0)
	// It is drawn without colours, so that it goes through put like all text, in a colour of the theme.
	bar := progressbar.New(progressbar.WithWidth(cells), progressbar.WithColors(lipgloss.NoColor{}),
		progressbar.WithFillCharacters(m.glyphs.done, m.glyphs.undone), progressbar.WithoutPercentage())
	bar.EmptyColor = lipgloss.NoColor{}
	l.cell(m.theme.bar, message.MakeSafe(bar.ViewAs(share)), cells)
	l.right(m.theme.strong, message.Safe(strconv.Itoa(int(min(share, 1)*100)))+"%", 6)
}

func (m *model) drawRunWords(l *line) {
	p := &m.run
	l.put(style{}, count(p.settled)+" of "+plural(len(p.steps), "message"))
	if p.promised > 0 {
		l.put(m.theme.quiet, ", "+count(p.promised)+" to be deleted")
	}
	if p.total > 0 {
		l.gap(2).put(style{}, octets(p.octets)+" of "+octets(p.total))
	}
	rate, left := p.rate()
	if rate > 0 {
		l.gap(2).put(m.theme.quiet, octets(rate)+"/s")
	}
	if left > 0 {
		l.gap(2).put(m.theme.quiet, span(left.Round(time.Second))+" left")
	}
}

// drawStep draws one message of the commit and how far it is.
func (m *model) drawStep(l *line, s *step) {
	sign, words, look := m.stepWords(s)
	mark := m.theme.strong.over(m.markStyle(s.mark))
	l.put(look, sign+" ").put(mark, message.Safe(s.mark.Letter())+" ")
	l.right(m.theme.quiet, message.Safe(strconv.Itoa(s.message.Number)), 6).gap(1)
	l.right(style{}, octets(s.message.Octets), 5).gap(2)
	if s.state == stepFailed {
		l.put(look, words)
		return
	}
	l.cell(look, words, 22).gap(1)
	m.drawAbout(l, s.message.ID)
}

// stepWords says how far a step is. Until QUIT's +OK a deletion is a promise.
func (m *model) stepWords(s *step) (sign, words message.Safe, look style) {
	yes := message.Safe(m.glyphs.yes)
	switch s.state {
	case stepRunning:
		return message.Safe(m.glyphs.dot), octets(s.octets) + " of " + octets(s.message.Octets), m.theme.accent
	case stepFetched:
		return yes, "safe on disk", m.theme.good
	case stepPromised:
		return yes, "to be deleted", m.theme.plain
	case stepDone:
		return yes, [...]message.Safe{"", "deleted", "fetched", "moved"}[s.mark], m.theme.good
	case stepFailed:
		return message.Safe(m.glyphs.no), "failed: " + errorText(s.err), m.theme.bad
	}
	return " ", "", m.theme.quiet
}

// drawAbout draws who wrote a message about what, where that is known.
func (m *model) drawAbout(l *line, id mailbox.ID) {
	e := m.envelope(id)
	if e == nil {
		l.put(m.theme.quiet, message.Safe(m.glyphs.ellipsis))
		return
	}
	name := e.From.Name
	if name == "" {
		name = e.From.Shown()
	}
	if l.left >= 30 {
		l.cell(style{}, name, min(l.left/3, 24)).gap(2)
	}
	if e.Subject == "" {
		l.put(m.theme.quiet, "(no subject)")
		return
	}
	l.put(m.theme.quiet, e.Subject)
}

// summaryText counts what a commit did, and gives each failure with the server's own words.
func (m *model) summaryText() page {
	p := &m.run
	if p.summary == nil {
		return page{}
	}
	s := p.summary
	var out prose
	title, look := m.summaryTitle()
	out.wrapped(m, look, title)
	if p.err != nil && !p.asWished() {
		out.wrapped(m, m.theme.bad, errorText(p.err))
	}
	out.add()
	row := func(n int, what, more message.Safe, look style) {
		if n > 0 {
			out.add(run{look, message.Safe(padLeft(string(count(n)), 7)) + "  "}, run{style{}, m.method.Fit(what, 12)}, run{m.theme.quiet, more})
		}
	}
	row(s.Fetched, "fetched", longOctets(s.Octets)+" to "+message.MakeSafe(m.cfg.Destination), m.theme.good)
	row(s.Kept, "kept", "fetched before, and still there", m.theme.good)
	row(s.Deleted, "deleted", m.freedWords(), m.theme.good)
	row(s.Unknown, "unknown", "whether they are deleted could not be found out", m.theme.warn)
	row(s.Failed-s.Unclear, "failed", "left as they were", m.theme.bad)
	if s.Fetched+s.Kept+s.Deleted+s.Unknown+s.Failed == 0 {
		out.add(run{style{}, "Nothing was fetched and nothing was deleted."})
	}
	m.failures(&out)
	if len(p.warnings) > 0 {
		out.add()
		for _, w := range p.warnings {
			out.wrapped(m, m.theme.warn, w)
		}
	}
	out.add()
	if left := m.marks.here(); left > 0 {
		out.wrapped(m, m.theme.quiet, "Still marked: "+m.marks.sentence()+". "+message.Safe(m.keys.Key(keymap.List, keymap.Review))+" in the list takes them up again.")
	}
	if s.Elapsed >= time.Second {
		out.add(run{m.theme.quiet, "It took " + span(s.Elapsed) + "."})
	}
	return out.page()
}

func (m *model) summaryTitle() (message.Safe, style) {
	p := &m.run
	switch s := p.summary; {
	case p.stopping && s.Unknown > 0:
		return "Stopped: whether " + plural(s.Unknown, "message") + " came to be deleted is not known", m.theme.warn
	case p.stopping && s.Deleted == 0:
		return "Stopped: nothing was deleted, what was fetched stays", m.theme.warn
	case p.stopping:
		return "Stopped: only what is counted here was deleted", m.theme.warn
	case p.err != nil:
		return "The commit did not go through", m.theme.bad
	case s.Failed > 0 && s.Fetched+s.Kept+s.Deleted+s.Unknown == 0:
		return "Nothing was carried out", m.theme.bad
	case s.Failed > 0:
		return "Committed, but not all of it", m.theme.warn
	case !s.Committed:
		return "Done, as a second look shows; the answer to QUIT was lost", m.theme.warn
	}
	return "Committed", m.theme.good
}

// freedWords says how many octets the deleted had, by LIST's sizes, where it is known which are deleted.
func (m *model) freedWords() message.Safe {
	sum, n := int64(0), 0
	for _, s := range m.run.steps {
		if s.state == stepDone && s.mark.Deletes() {
			sum += max(s.message.Octets, 0)
			n++
		}
	}
	if n != m.run.summary.Deleted {
		return "on the server"
	}
	return longOctets(sum) + " freed on the server"
}

func (m *model) failures(out *prose) {
	for i, f := range m.run.summary.Failures {
		if i == 0 {
			out.add()
			out.add(run{m.theme.accent, "What failed"})
		}
		out.wrapped(m, style{}, message.Safe(f.Action.String())+" "+message.Safe(strconv.Itoa(f.Number))+": "+errorText(f.Err))
	}
}

func padLeft(s string, cells int) string {
	for len(s) < cells {
		s = " " + s
	}
	return s
}
