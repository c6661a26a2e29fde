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

// NoteIn has a destination make the notes that it can't make beside its files in a folder of
// the user's own, which is made where it is missing. They tell the next run what one that
// was killed left half written. Without NoteIn there are none then. It is to be called
// before anything else is asked of the destination.
func NoteIn(d Destination, folder string) {
	if n, ok := d.(interface{ noteIn(string) }); ok {
		n.noteIn(folder)
	}
}

func (m *Mbox) noteIn(folder string) { m.notes = folder }

func (m multi) noteIn(folder string) {
	for _, d := range m {
		NoteIn(d, folder)
	}
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
