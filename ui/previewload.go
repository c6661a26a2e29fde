package ui

import (
	"bytes"
	"context"

	tea "charm.land/bubbletea/v2"

	"popmark/mailbox"
	"popmark/message"
)

// loadPreview gives the command that asks TOP for a message's first lines, or RETR for all of it, and decodes them, away from Update.
func loadPreview(ctx context.Context, box Mailbox, decoder message.Decoder, id mailbox.ID, lines int, whole bool) tea.Cmd {
	return func() tea.Msg {
		var raw []byte
		var err error
		if whole {
			raw, err = box.Whole(ctx, id)
		} else {
			raw, err = box.Top(ctx, id, lines)
		}
		if err != nil {
			return previewMsg{id: id, err: err}
		}
		c := &content{id: id, lines: lines, preview: decoder.Preview(raw), raw: message.Raw(raw)}
		c.fields = decoder.Fields(header(raw))
		c.whole = whole || c.preview.BodyLines < lines
		return previewMsg{id: id, content: c}
	}
}

// header gives the header section of a message.
func header(raw []byte) []byte {
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if i := bytes.Index(raw, []byte(end)); i >= 0 {
			return raw[:i+len(end)]
		}
	}
	return raw
}
