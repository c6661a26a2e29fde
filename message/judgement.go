package message

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

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

var verdictNames = [...]string{"", "pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror"}

// String returns the verdict as RFC 8601 spells it, or "" for [NoVerdict].
func (v Verdict) String() string {
	if int(v) >= len(verdictNames) {
		return ""
	}
	return verdictNames[v]
}

// MarshalText writes the verdict's word.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a verdict's word; one that RFC 8601 does not have is an error.
func (v *Verdict) UnmarshalText(text []byte) error {
	parsed, ok := ParseVerdict(string(text))
	if !ok {
		return fmt.Errorf("reading a verdict: %q is none of RFC 8601's words", text)
	}
	*v = parsed
	return nil
}

// ParseVerdict returns the verdict that word spells, in either case. "hardfail", which some servers write, is Fail.
func ParseVerdict(word string) (Verdict, bool) {
	if strings.EqualFold(word, "hardfail") {
		return Fail, true
	}
	for i, name := range verdictNames {
		if strings.EqualFold(word, name) {
			return Verdict(i), true
		}
	}
	return NoVerdict, false
}

// SpamStatus is what a spam filter on the way said.
type SpamStatus uint8

// The spam statuses. SpamUnknown means that no filter wrote anything.
const (
	SpamUnknown SpamStatus = iota
	SpamNo
	SpamYes
)

// Judgement is what a header alone says of how far a message can be trusted. Headers can be forged: of the
// authentication results only the topmost are read, since the receiving server writes above all others, and
// they are believed only where that server's name is in them.
type Judgement struct {
	SPF   Verdict `json:"spf,omitzero"`
	DKIM  Verdict `json:"dkim,omitzero"`
	DMARC Verdict `json:"dmarc,omitzero"`
	// AuthServer is the authserv-id of who wrote these verdicts, or "".
	AuthServer Safe `json:"auth_server,omitzero"`
	// AuthDoubtful: AuthServer is not of the organisation that the Received fields say took the message, so that
	// the sender may have written the verdicts. A pass then means nothing.
	AuthDoubtful bool `json:"auth_doubtful,omitzero"`
	// Spam and SpamScore are as SpamAssassin, Rspamd or Exchange wrote them. SpamScore means something only
	// where HasScore is true; Exchange's SCL counts as its score.
	Spam      SpamStatus `json:"spam,omitzero"`
	HasScore  bool       `json:"has_score,omitzero"`
	SpamScore float32    `json:"spam_score,omitzero"`
	// Bulk is mail to many at once (Precedence, List-Unsubscribe, Feedback-ID); List is a mailing list; Auto was
	// sent by a program (RFC 3834).
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

// farOff is how far a Date may be from the day on which the message was received: mail can wait, and clocks
// and zones can be wrong.
const farOff = 3 * 24 * time.Hour

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

// Words returns the findings in short words for a list's column, what speaks against the message first.
func (e *Envelope) Words() []Safe {
	findings := e.findings(nil)
	words := make([]Safe, 0, len(findings))
	for _, w := range []Weight{Bad, Info, Good} {
		for _, f := range findings {
			if f.Weight == w {
				words = append(words, f.Word)
			}
		}
	}
	return words
}

// Warnings returns, of the findings' short words, those that speak against the message.
func (e *Envelope) Warnings() (words []Safe) {
	for _, f := range e.findings(nil) {
		if f.Weight == Bad {
			words = append(words, f.Word)
		}
	}
	return words
}

// findings puts the judgement into words. reasons, which may be nil, holds what the header says of each method.
func (e *Envelope) findings(reasons map[string]string) []Finding {
	j := &e.Judgement
	var all []Finding
	add := func(w Weight, word Safe, reason string) {
		all = append(all, Finding{Word: word, Reason: MakeSafe(strings.Clone(reason)), Weight: w})
	}
	if j.NameHoldsAddress {
		add(Bad, "name≠address", fmt.Sprintf("the name %q holds another address than %s", e.From.Name, e.From.Shown()))
	}
	if j.ReplyElsewhere {
		add(Bad, "reply elsewhere", fmt.Sprintf("answers go to %s, not to %s", e.ReplyTo.Shown(), e.From.Shown()))
	}
	if j.DateFarOff {
		add(Bad, "date far off", "Date and the receiving server's clock differ by more than three days")
	}
	for _, m := range []struct {
		name    string
		verdict Verdict
	}{{"dmarc", j.DMARC}, {"spf", j.SPF}, {"dkim", j.DKIM}} {
		if m.verdict == NoVerdict {
			continue
		}
		reason, weight := reasons[m.name], m.verdict.weight()
		if j.AuthServer != "" {
			reason = strings.TrimSpace(string(j.AuthServer) + ": " + reason)
		}
		if j.AuthDoubtful {
			reason = strings.TrimSuffix("not certain who wrote it: "+reason, ": ")
			weight = min(weight, Info) // who forges writes no fail
		}
		add(weight, Safe(m.name+" "+m.verdict.String()), reason)
	}
	if j.Spam != SpamUnknown || j.HasScore {
		word, weight := Safe("spam?"), Info
		switch j.Spam {
		case SpamYes:
			word, weight = "spam", Bad
		case SpamNo:
			word, weight = "not spam", Good
		}
		if j.HasScore {
			word += Safe(fmt.Sprintf(" %.4g", j.SpamScore))
		}
		add(weight, word, reasons["spam"])
	}
	switch {
	case j.List:
		add(Info, "list", string(e.ListID))
	case j.Bulk:
		add(Info, "bulk", reasons["bulk"])
	}
	if j.Auto {
		add(Info, "auto", reasons["auto"])
	}
	return all
}

func (v Verdict) weight() Weight {
	switch v {
	case Pass:
		return Good
	case Fail, SoftFail, PermError:
		return Bad
	}
	return Info
}

// judgeSender fills in what the decoded addresses show.
func (e *Envelope) judgeSender() {
	j := &e.Judgement
	if spec := addressInText(string(e.From.Name)); spec != "" && !strings.EqualFold(spec, string(e.From.Address)) {
		j.NameHoldsAddress = true
	}
	if e.ReplyTo.Address != "" && !j.List {
		_, from, _ := strings.Cut(string(e.From.Address), "@")
		_, reply, _ := strings.Cut(string(e.ReplyTo.Address), "@")
		j.ReplyElsewhere = strings.Trim(from, ". ") != "" && strings.Trim(reply, ". ") != "" && !sameOwner(from, reply)
	}
}

// addressInText returns what looks like an address in a display name, or "".
func addressInText(name string) string {
	name = strings.Map(narrow, name)
	at := strings.IndexByte(name, '@')
	if at <= 0 {
		return ""
	}
	isSpec := func(r rune) bool {
		return r > 0x7f || r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z' || strings.ContainsRune(".-_+=", r)
	}
	local := name[:at]
	local = local[len(strings.TrimRightFunc(local, isSpec)):]
	domain := name[at+1:]
	domain = strings.Trim(domain[:len(domain)-len(strings.TrimLeftFunc(domain, isSpec))], ".-")
	if local == "" || strings.IndexByte(domain, '.') <= 0 {
		return ""
	}
	return local + "@" + domain
}

// organisation returns the part of an address's domain that its owner registered, in lower case: the public
// suffix and one label.
func organisation(address Safe) string {
	_, domain, ok := strings.Cut(string(address), "@")
	if !ok {
		return ""
	}
	return domainOwner(domain)
}

// sameOwner tells whether one organisation registered both domains. The list of public suffixes is only asked where
// the last labels are the same.
func sameOwner(a, b string) bool {
	if a == b {
		return true
	}
	_, lastOfA := cutLast(strings.Trim(a, ". "), '.')
	_, lastOfB := cutLast(strings.Trim(b, ". "), '.')
	return strings.EqualFold(lastOfA, lastOfB) && domainOwner(a) == domainOwner(b)
}

// domainOwner returns the part of a domain that its owner registered, in lower case.
func domainOwner(domain string) string {
	domain = strings.ToLower(strings.Trim(domain, ". "))
	if org, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return org
	}
	return domain
}
