package pop3client

import (
	"errors"
	"io"
	"testing"
)

func TestRecycledHandlesServeAgain(t *testing.T) {
	c := enterPipelining(t, nil, func(p *peer) {
		p.answer("TOP 1 0", "+OK\r\nSubject: one\r\n\r\n.\r\n")
		p.answer("TOP 2 0", "-ERR no\r\n")
		p.answer("TOP 3 0", "+OK\r\nSubject: three\r\n\r\n.\r\n")
		p.answer("TOP 4 0", "+OK\r\nSubject: four\r\n\r\n.\r\n")
		p.answer("TOP 5 0", "+OK\r\nSubject: five\r\n\r\n.\r\n")
	})
	one := c.Top(1, 0)
	one.Recycle() // has no answer yet
	if text := textOf(t, one); text != "Subject: one\r\n\r\n" {
		t.Errorf("the first is %q", text)
	}
	body := got(t, one)
	one.Recycle()
	one.Recycle()
	if _, err := one.Wait(t.Context()); !errors.Is(err, errRecycled) {
		t.Errorf("a handle that was given back ended with %v", err)
	}
	if _, err := io.ReadAll(body); !errors.Is(err, errRecycled) {
		t.Errorf("a body that was given back ended with %v", err)
	}

	two := c.Top(2, 0)
	if two != one {
		t.Error("the handle was not used again")
	}
	if _, err := two.Wait(t.Context()); !errors.As(err, new(*ServerError)) {
		t.Errorf("the second ended with %v", err)
	}
	two.Recycle() // nobody saw a text's end
	three, four := c.Top(3, 0), c.Top(4, 0)
	if three == two || four == two || three == four {
		t.Error("a handle serves twice at a time")
	}
	got(t, three)
	three.Recycle() // its text was not read
	if text := textOf(t, four); text != "Subject: four\r\n\r\n" {
		t.Errorf("the fourth is %q", text)
	}
	if _, err := three.Wait(t.Context()); !errors.Is(err, ErrBodyDiscarded) {
		t.Errorf("the third ended with %v", err)
	}
	four.Recycle()
	if text := textOf(t, c.Top(5, 0)); text != "Subject: five\r\n\r\n" {
		t.Errorf("the fifth is %q", text)
	}
}
