package ui

import (
	"errors"
	"strings"
	"time"

	"popmark/keymap"
	"popmark/mailbox"
	"popmark/message"
)

// openingText says how far opening the mailbox has come, or why it can't be opened and what can be done.
func (m *model) openingText() page {
	var p prose
	name := message.MakeSafe(m.cfg.Title)
	if m.server.err == nil {
		p.add(run{m.theme.accent, m.spinnerNow() + " "}, run{m.theme.strong, "Connecting to " + name}, run{m.theme.quiet, message.Safe(m.glyphs.ellipsis)})
		return p.page()
	}
	title, advice := m.openingWords()
	p.add(run{m.theme.strong, title})
	p.add()
	if !errors.Is(m.server.err, errStopped) {
		p.wrapped(m, m.theme.bad, errorText(m.server.err))
		p.add()
	}
	p.wrapped(m, style{}, advice)
	switch {
	case !m.server.again.IsZero():
		text := "Trying again in " + span(max(m.server.again.Sub(m.cfg.Now()), 0).Round(time.Second))
		if !m.server.opening {
			text += "; " + m.hintKey(keymap.LookAgain) + " tries now"
		}
		p.wrapped(m, style{}, text+".")
	case m.server.opening:
		p.wrapped(m, m.theme.quiet, m.spinnerNow()+" Trying again"+message.Safe(m.glyphs.ellipsis))
	case again(m.server.err):
		p.wrapped(m, style{}, m.hintKey(keymap.LookAgain)+" tries again.")
	}
	return p.page()
}

// openingWords says in plain words what an error of opening means, and what to do.
func (m *model) openingWords() (title, advice message.Safe) {
	if errors.Is(m.server.err, errStopped) {
		return "Connecting was stopped", "Nothing was changed."
	}
	switch mailbox.ClassOf(m.server.err) {
	case mailbox.TryLater:
		return "The mailbox can't be had just now", "Another program holds it, or the server asks to wait. Nothing was changed."
	case mailbox.Refused:
		return "The login was refused", "popmark tried once and stops here, so that no account is locked out. Leave, check user and password, and start again."
	case mailbox.Unsafe:
		return "Nothing was sent: the line is not encrypted", "Leave and start again with TLS, or with --allow-plaintext if the line is safe otherwise."
	case mailbox.Unavailable:
		return "The server can't be reached", "Check the name, the port and the network."
	case mailbox.Protocol:
		return "The server does not speak POP3 as it should", "The dialogue shows what it said."
	}
	return "The mailbox can't be opened", "The dialogue shows what the server said."
}

// helpText lists every key, group by group, in two columns where there is room.
func (m *model) helpText() page {
	var left, right prose
	total := 0
	for _, g := range keymap.Groups() {
		total += len(m.keys.In(g, keymap.Everywhere)) + 2
	}
	two := m.textWidth() >= 110
	width := m.textWidth()
	if two {
		width = (width - 4) / 2
	}
	used := 0
	for _, g := range keymap.Groups() {
		column := &left
		if two && used >= total/2 {
			column = &right
		}
		bindings := m.keys.In(g, keymap.Everywhere)
		used += len(bindings) + 2
		column.add(run{m.theme.accent, message.Safe(g)})
		for _, b := range bindings {
			m.helpLine(column, b, width)
		}
		column.add()
	}
	if !two {
		return left.page()
	}
	return page{max(len(left), len(right)), func(i int, l *line) {
		for column, p := range []prose{left, right} {
			part := l.part(width, style{})
			if i < len(p) {
				for _, r := range p[i] {
					part.put(r.style, r.text)
				}
			}
			part.end()
			if column == 0 {
				l.gap(4)
			}
		}
	}}
}

func (m *model) helpLine(p *prose, b keymap.Binding, width int) {
	keys := message.Safe(b.ShownKeys())
	indent := min(20, max(width/2, 1))
	for i, part := range wrap(m.method, message.Safe(b.Words), max(width-indent, 1)) {
		if i > 0 {
			keys = ""
		}
		p.add(run{m.theme.strong, m.method.Fit(keys, indent-1) + " "}, run{style{}, part})
	}
}

// dialogueText is what went over the wire.
func (m *model) dialogueText() page {
	d := &m.dialogue
	if len(d.lines) == 0 {
		var p prose
		p.add(run{m.theme.quiet, "Nothing was said yet."})
		return p.page()
	}
	return page{len(d.lines), func(i int, l *line) {
		text := d.lines[i]
		switch {
		case strings.HasPrefix(string(text), "C: "):
			l.put(m.theme.accent, "C ").put(m.theme.strong, text[3:])
		case strings.HasPrefix(string(text), "S: "):
			s := style{}
			if strings.HasPrefix(string(text), "S: -ERR") {
				s = m.theme.bad
			}
			l.put(m.theme.quiet, "S ").put(s, text[3:])
		default:
			l.put(m.theme.quiet, text)
		}
	}}
}

// accountsText says what is known of the account and its server.
func (m *model) accountsText() page {
	var p prose
	info := m.server.info
	field := func(name, value message.Safe) {
		if value == "" {
			return
		}
		for i, part := range wrap(m.method, value, max(m.textWidth()-14, 8)) {
			if i > 0 {
				name = ""
			}
			p.add(run{m.theme.quiet, m.method.Fit(name, 13) + " "}, run{style{}, part})
		}
	}
	p.add(run{m.theme.accent, message.MakeSafe(m.cfg.Title)})
	if m.rows.list != nil {
		field("mailbox", plural(len(m.rows.list.Messages), "message")+", "+longOctets(m.rows.list.Octets))
	}
	lock, _, _ := m.lockWords()
	field("session", lock)
	field("protection", message.Safe(info.Protection()))
	field("login", message.Safe(info.Auth))
	field("greeting", info.Greeting)
	field("server", info.Implementation)
	field("offers", joinSafe(info.Capabilities, ", "))
	if info.RTT > 0 {
		field("round trip", message.Safe(info.RTT.Round(100_000).String()))
	}
	field("expires", info.Expire)
	field("login delay", info.LoginDelay)
	field("fetched to", message.MakeSafe(m.cfg.Destination))
	if len(info.Warnings) > 0 {
		p.add()
		p.add(run{m.theme.accent, "Warnings"})
		for _, w := range info.Warnings {
			p.wrapped(m, m.theme.warn, w)
		}
	}
	p.add()
	p.wrapped(m, m.theme.quiet, "This is the one account of this run. To look at another, leave and start popmark with its name or URL.")
	return p.page()
}

func joinSafe(texts []message.Safe, sep message.Safe) message.Safe {
	var all message.Safe
	for i, text := range texts {
		if i > 0 {
			all += sep
		}
		all += text
	}
	return all
}
