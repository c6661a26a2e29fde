package message

// fieldKind names the fields that an [Envelope] is made from.
type fieldKind uint8

const (
	fieldOther fieldKind = iota
	fieldFrom
	fieldSender
	fieldReplyTo
	fieldResentFrom
	fieldReturnPath
	fieldTo
	fieldCc
	fieldSubject
	fieldDate
	fieldResentDate
	fieldDeliveryDate
	fieldReceived
	fieldMessageID
	fieldListID
	fieldListPost
	fieldListUnsubscribe
	fieldContentType
	fieldContentDisposition
	fieldTransferEncoding
	fieldImportance
	fieldPriority
	fieldXPriority
	fieldPrecedence
	fieldFeedbackID
	fieldAutoSubmitted
	fieldAuthResults
	fieldSpamStatus
	fieldSpamFlag
	fieldSpamScore
	fieldSpamdResult
	fieldSCL
	fieldForefront
	fieldKinds
)

// kindOf tells which field a name is, in whatever case it is written.
func kindOf(name string) fieldKind {
	var buf [32]byte
	if len(name) > len(buf) {
		return fieldOther
	}
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		buf[i] = c
	}
	switch string(buf[:len(name)]) {
	case "from":
		return fieldFrom
	case "sender":
		return fieldSender
	case "reply-to":
		return fieldReplyTo
	case "resent-from":
		return fieldResentFrom
	case "return-path":
		return fieldReturnPath
	case "to":
		return fieldTo
	case "cc":
		return fieldCc
	case "subject":
		return fieldSubject
	case "date":
		return fieldDate
	case "resent-date":
		return fieldResentDate
	case "delivery-date":
		return fieldDeliveryDate
	case "received":
		return fieldReceived
	case "message-id":
		return fieldMessageID
	case "list-id":
		return fieldListID
	case "list-post", "mailing-list":
		return fieldListPost
	case "list-unsubscribe":
		return fieldListUnsubscribe
	case "content-type":
		return fieldContentType
	case "content-disposition":
		return fieldContentDisposition
	case "content-transfer-encoding":
		return fieldTransferEncoding
	case "importance":
		return fieldImportance
	case "priority":
		return fieldPriority
	case "x-priority":
		return fieldXPriority
	case "precedence":
		return fieldPrecedence
	case "feedback-id":
		return fieldFeedbackID
	case "auto-submitted":
		return fieldAutoSubmitted
	case "authentication-results":
		return fieldAuthResults
	case "x-spam-status":
		return fieldSpamStatus
	case "x-spam-flag", "x-spam":
		return fieldSpamFlag
	case "x-spam-score", "x-rspamd-score":
		return fieldSpamScore
	case "x-spamd-result":
		return fieldSpamdResult
	case "x-ms-exchange-organization-scl":
		return fieldSCL
	case "x-forefront-antispam-report":
		return fieldForefront
	}
	return fieldOther
}
