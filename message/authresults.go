package message

import (
	"iter"
	"strconv"
	"strings"
)

// readAuthResults reads an Authentication-Results value (RFC 8601 section 2.2) into j. reasons, where not nil,
// takes the properties that each verdict was reached by.
func (j *Judgement) readAuthResults(value string, reasons map[string]string) {
	first := true
	for part := range resultParts(value) {
		part = strings.TrimSpace(part)
		if first {
			first = false
			if id, _, _ := strings.Cut(part, " "); !strings.Contains(id, "=") { // Exchange leaves its name out
				j.AuthServer = shorten(MakeSafe(id), maxAddressText)
				continue
			}
		}
		method, rest, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		method, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(method)), "/")
		result, props, _ := strings.Cut(strings.TrimLeft(rest, " \t"), " ")
		v, ok := ParseVerdict(strings.TrimSpace(result))
		if !ok || v == NoVerdict {
			continue
		}
		var slot *Verdict
		switch method {
		case "spf":
			slot = &j.SPF
		case "dkim":
			slot = &j.DKIM
		case "dmarc":
			slot = &j.DMARC
		default:
			continue
		}
		// A message may bear several signatures: one that holds is enough.
		if *slot != NoVerdict && (*slot == Pass || v != Pass) {
			continue
		}
		*slot = v
		if reasons != nil {
			reasons[method] = strings.Join(strings.Fields(props), " ")
		}
	}
}

// resultParts divides a value at its semicolons, comments taken out.
func resultParts(value string) iter.Seq[string] {
	return func(yield func(string) bool) {
		scan := newAddressScanner(value)
		var before strings.Builder // what stood before comments
		part := func(last string) bool {
			if before.Len() == 0 {
				return yield(last)
			}
			before.WriteString(last)
			text := before.String()
			before.Reset()
			return yield(text)
		}
		start := 0
		for i := 0; i < len(value); {
			next := i + 1
			switch value[i] {
			case ';':
				if !part(value[start:i]) {
					return
				}
				start = next
			case '"':
				next = scan.quoted(i)
			case '(':
				if next = scan.comment(i); next > i+1 {
					before.WriteString(value[start:i])
					before.WriteByte(' ')
					start = next
				}
			}
			for i = next; i < len(value) && value[i] != ';' && value[i] != '"' && value[i] != '('; {
				i++
			}
		}
		part(value[start:])
	}
}

// readSpam reads one field that a spam filter writes. The first word on a matter stands.
func (j *Judgement) readSpam(kind fieldKind, value string, reasons map[string]string) {
	status, score, hasScore := SpamUnknown, 0.0, false
	value = strings.TrimSpace(value)
	word, _, _ := strings.Cut(value, ",")
	switch kind {
	case fieldSpamStatus: // Yes, score=12.3 required=5.0 tests=…
		status = spamWord(word)
		if score, hasScore = numberAfter(value, "score="); !hasScore {
			score, hasScore = numberAfter(value, "hits=")
		}
	case fieldSpamFlag:
		status = spamWord(word)
	case fieldSpamScore:
		score, hasScore = numberAfter(value, "")
	case fieldSpamdResult: // default: False [3.20 / 15.00];
		if _, rest, ok := strings.Cut(value, ":"); ok {
			status = spamWord(strings.TrimSpace(rest))
		}
		score, hasScore = numberAfter(value, "[")
	case fieldSCL, fieldForefront: // 5, or CIP:…;SCL:5;…
		prefix := ""
		if kind == fieldForefront {
			prefix = "SCL:"
		}
		if score, hasScore = numberAfter(value, prefix); hasScore {
			status = SpamNo
			if score >= 5 {
				status = SpamYes
			}
		}
	}
	if status == SpamYes || j.Spam == SpamUnknown {
		if status != SpamUnknown {
			j.Spam = status
		}
	}
	if hasScore && !j.HasScore {
		j.SpamScore, j.HasScore = float32(score), true
	}
	if reasons != nil && reasons["spam"] == "" && (hasScore || status != SpamUnknown) {
		reasons["spam"] = strings.Join(strings.Fields(value[:min(len(value), maxReason)]), " ")
	}
}

// maxReason is how many octets of a spam filter's report are kept as the reason.
const maxReason = 400

func spamWord(w string) SpamStatus {
	w, _, _ = cutFirst(strings.TrimSpace(w), ' ')
	switch strings.ToLower(w) {
	case "yes", "true", "spam", "1":
		return SpamYes
	case "no", "false", "ham", "0":
		return SpamNo
	}
	return SpamUnknown
}

// numberAfter reads the decimal number that follows prefix in s.
func numberAfter(s, prefix string) (float64, bool) {
	i := strings.Index(s, prefix)
	if i < 0 {
		return 0, false
	}
	s = strings.TrimLeft(s[i+len(prefix):], " \t")
	end := 0
	for end < len(s) && end < 16 && (s[end] >= '0' && s[end] <= '9' || strings.IndexByte("+-.", s[end]) >= 0) {
		end++
	}
	n, err := strconv.ParseFloat(s[:end], 32)
	return n, err == nil
}
