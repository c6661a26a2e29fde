package delivery

// Tell has a destination's warnings go to a function: what no message's error says and a
// person should know, such as half a message that a killed run left where it can't be
// taken away safely. Each is one line. The function may be called by several goroutines
// at once, and must not use the destination. Without Tell nobody hears of them.
func Tell(d Destination, to func(text string)) {
	if t, ok := d.(interface{ tell(func(string)) }); ok {
		t.tell(to)
	}
}

func (m *Mbox) tell(to func(string)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = to
}

func (m *Mbox) warn(text string) {
	m.mu.Lock()
	told := m.told
	m.mu.Unlock()
	if told != nil {
		told(text)
	}
}

func (m multi) tell(to func(string)) {
	for _, d := range m {
		Tell(d, to)
	}
}
