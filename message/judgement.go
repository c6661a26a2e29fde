package message

// Verdict is one authentication method's result (RFC 8601 section 2.7).
type Verdict uint8

// The verdicts. NoVerdict means that the receiving server wrote nothing about the method.
const (
	NoVerdict Verdict = iota
	Pass
	Fail
	SoftFail
	Neutral
	None
	Policy
	TempError
	PermError
)

// SpamStatus is what a spam filter on the way said.
type SpamStatus uint8

// The spam statuses. SpamUnknown means that no filter wrote anything.
const (
	SpamUnknown SpamStatus = iota
	SpamNo
	SpamYes
)

// Judgement is what a header alone says of how far a message can be trusted. Headers can be forged: of the
// authentication results only the topmost are believed, since the receiving server writes above all others.
type Judgement struct {
	SPF   Verdict `json:"spf,omitzero"`
	DKIM  Verdict `json:"dkim,omitzero"`
	DMARC Verdict `json:"dmarc,omitzero"`
	// AuthServer is the authserv-id of who wrote these verdicts, or "".
	AuthServer Safe `json:"auth_server,omitzero"`
	// Spam and SpamScore are as SpamAssassin, Rspamd or Exchange wrote them. SpamScore means something only
	// where HasScore is true; Exchange's SCL counts as its score.
	Spam      SpamStatus `json:"spam,omitzero"`
	HasScore  bool       `json:"has_score,omitzero"`
	SpamScore float32    `json:"spam_score,omitzero"`
	// Bulk is mail to many at once (Precedence, List-Unsubscribe, Feedback-ID and the like); List is a mailing
	// list; Auto was sent by a program (RFC 3834).
	Bulk bool `json:"bulk,omitzero"`
	List bool `json:"list,omitzero"`
	Auto bool `json:"auto,omitzero"`
	// NameHoldsAddress: the author's display name holds another address than the real one.
	NameHoldsAddress bool `json:"name_holds_address,omitzero"`
	// ReplyElsewhere: answers would go to another organisation's domain than the author's.
	ReplyElsewhere bool `json:"reply_elsewhere,omitzero"`
	// DateFarOff: the Date differs by more than three days from when the receiving server took the message.
	DateFarOff bool `json:"date_far_off,omitzero"`
}

// Weight says how a [Finding] speaks of the message.
type Weight int8

// The weights: Bad findings speak against a message, Good ones for it.
const (
	Bad  Weight = -1
	Info Weight = 0
	Good Weight = 1
)

// Finding is one judgement in a short word, with its reason.
type Finding struct {
	Word   Safe   // such as "dmarc fail"
	Reason Safe   // such as "mx.example.org: header.from=example.com"
	Weight Weight // for the colour
}
