package pop3client

// Defaults for the zero values of Limits. Each is for the field that bears its name.
const (
	DefaultGreetingOctets  = 8 << 10   // 8 KiB
	DefaultAnswerOctets    = 16 << 10  // 16 KiB
	DefaultCapabilityLines = 256       // lines
	DefaultListEntries     = 1_000_000 // lines
	DefaultListLineOctets  = 4 << 10   // 4 KiB
	DefaultListOctets      = 128 << 20 // 128 MiB: a million of the longest lines that RFC 1939 knows are 80 MB
	DefaultTopOctets       = 64 << 20  // 64 MiB
	DefaultSCRAMIterations = 1_000_000 // a second of a processor at most
)

// Limits bound what a server can make the client read, keep or compute. A zero field means its default;
// a field can be set as high as an int goes. Passing a limit is a [*LimitError] that bears the
// field's name, and the connection is closed: what follows could not be told apart any more.
//
// RETR has no limit of its own. Its text is handed on as it comes and never held.
type Limits struct {
	// GreetingOctets bounds the greeting line. RFC 2449 allows 512.
	GreetingOctets int
	// AnswerOctets bounds a status line (RFC 2449 allows 512), a line of CAPA, and a SASL
	// challenge (RFC 5034 asks for 12,288).
	AnswerOctets int
	// CapabilityLines bounds the number of lines that CAPA, and LANG without a tag, may give.
	CapabilityLines int
	// ListEntries bounds the number of lines LIST or UIDL may give.
	ListEntries int
	// ListLineOctets bounds one line of LIST or UIDL.
	ListLineOctets int
	// ListOctets bounds all lines of one LIST or UIDL together, line ends included: what they say is kept.
	ListOctets int64
	// TopOctets bounds the text that one TOP may give. It is large since some servers answer TOP
	// with the whole message.
	TopOctets int64
	// SCRAMIterations bounds the work a server may ask for in a SCRAM login. Fewer than 4,096
	// (RFC 5802, section 5.1) are refused as well.
	SCRAMIterations int
}

func (l Limits) withDefaults() Limits {
	setDefault(&l.GreetingOctets, DefaultGreetingOctets)
	setDefault(&l.AnswerOctets, DefaultAnswerOctets)
	setDefault(&l.CapabilityLines, DefaultCapabilityLines)
	setDefault(&l.ListEntries, DefaultListEntries)
	setDefault(&l.ListLineOctets, DefaultListLineOctets)
	setDefault(&l.ListOctets, DefaultListOctets)
	setDefault(&l.TopOctets, DefaultTopOctets)
	setDefault(&l.SCRAMIterations, DefaultSCRAMIterations)
	return l
}

func setDefault[T int | int64](field *T, def T) {
	if *field <= 0 {
		*field = def
	}
}
