package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// The raw clients do the least that can be done: every command in one write, answers
// read to their ends, nothing decoded, nothing remembered, nothing checked beyond what
// finding the ends takes. They are what popmark is measured against, and no way to treat mail.

type rawOptions struct {
	addr     string
	messages int
	dir      string
	syncs    int
	timeout  time.Duration
	told     io.Writer
}

// rawClient is a connection that has logged in.
type rawClient struct {
	conn net.Conn
	r    *bufio.Reader
}

func rawLogin(o *rawOptions) (*rawClient, error) {
	conn, err := net.Dial("tcp", o.addr)
	if err != nil {
		return nil, fmt.Errorf("raw client: %w", err)
	}
	if err := conn.SetDeadline(time.Now().Add(o.timeout)); err != nil {
		return nil, fmt.Errorf("raw client: %w", err)
	}
	c := &rawClient{conn, bufio.NewReaderSize(conn, 256<<10)}
	for _, command := range []string{"", "USER " + login + "\r\n", "PASS " + password + "\r\n"} {
		if _, err := io.WriteString(conn, command); err != nil {
			return nil, fmt.Errorf("raw client: %w", err)
		}
		if err := c.status(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *rawClient) status() error {
	text, err := c.r.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("raw client: reading an answer: %w", err)
	}
	if text[0] != '+' {
		return fmt.Errorf("raw client: the server says %q", bytes.TrimSpace(text))
	}
	return nil
}

// send writes while answers are read, so that neither side waits for the other.
func (c *rawClient) send(commands []byte) {
	go func() {
		_, _ = c.conn.Write(commands) // a line that broke shows in reading
	}()
}

// each makes a command for every message.
func each(before, after string, messages int) []byte {
	var b []byte
	for n := range messages {
		b = append(b, before...)
		b = strconv.AppendInt(b, int64(n+1), 10)
		b = append(b, after...)
	}
	return b
}

var textEnd = []byte("\r\n.\r\n")

// text copies a multi-line answer's text as it comes, stuffed dots and all, up to and with its last line end.
func (c *rawClient) text(w io.Writer) error {
	for {
		if _, err := c.r.Peek(len(textEnd)); err != nil {
			return fmt.Errorf("raw client: reading a text: %w", err)
		}
		held, err := c.r.Peek(c.r.Buffered()) // all: behind it nothing may come any more
		if err != nil {
			return fmt.Errorf("raw client: reading a text: %w", err)
		}
		if i := bytes.Index(held, textEnd); i >= 0 {
			_, err = w.Write(held[:i+2])
			_, derr := c.r.Discard(i + len(textEnd))
			return errors.Join(err, derr)
		}
		// The end may have come in part.
		if n := len(held) - len(textEnd) + 1; n > 0 {
			_, err = w.Write(held[:n])
			if _, derr := c.r.Discard(n); err != nil || derr != nil {
				return errors.Join(err, derr)
			}
		}
		if _, err := c.r.Peek(c.r.Buffered() + 1); err != nil {
			return fmt.Errorf("raw client: reading a text: %w", err)
		}
	}
}

// answer reads the status line and the text of a multi-line answer.
func (c *rawClient) answer(w io.Writer) error {
	if err := c.status(); err != nil {
		return err
	}
	return c.text(w)
}

func (c *rawClient) quit() error {
	if _, err := io.WriteString(c.conn, "QUIT\r\n"); err != nil {
		return fmt.Errorf("raw client: %w", err)
	}
	return errors.Join(c.status(), c.conn.Close())
}

// rawScan lists the mailbox and reads the header of every message.
func rawScan(o *rawOptions) error {
	c, err := rawLogin(o)
	if err != nil {
		return err
	}
	c.send(append([]byte("UIDL\r\nLIST\r\n"), each("TOP ", " 0\r\n", o.messages)...))
	for range o.messages + 2 {
		if err := c.answer(io.Discard); err != nil {
			return err
		}
	}
	fmt.Fprintln(o.told, "read", o.messages, "headers")
	return c.quit()
}

// rawDele deletes every message.
func rawDele(o *rawOptions) error {
	c, err := rawLogin(o)
	if err != nil {
		return err
	}
	c.send(each("DELE ", "\r\n", o.messages))
	for range o.messages {
		if err := c.status(); err != nil {
			return err
		}
	}
	return c.quit()
}

// rawRetr fetches every message into a file of its own in the way of a Maildir: the
// file's fsync and its rename, for so many files at once as syncs says, and at the end
// the folder's fsync.
func rawRetr(o *rawOptions) error {
	for _, sub := range []string{"tmp", "new"} {
		if err := os.MkdirAll(filepath.Join(o.dir, sub), 0o700); err != nil {
			return fmt.Errorf("raw client: %w", err)
		}
	}
	c, err := rawLogin(o)
	if err != nil {
		return err
	}
	c.send(each("RETR ", "\r\n", o.messages))
	var work sync.WaitGroup
	slots := make(chan struct{}, o.syncs)
	faults := make(chan error, o.messages)
	for n := range o.messages {
		name := filepath.Join(o.dir, "tmp", strconv.Itoa(n))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("raw client: %w", err)
		}
		if err := c.answer(f); err != nil {
			return err
		}
		slots <- struct{}{}
		work.Go(func() {
			if err := settle(f, o.dir); err != nil {
				faults <- err
			}
			<-slots
		})
	}
	work.Wait()
	close(faults)
	if err := cmp.Or(<-faults, syncFolder(filepath.Join(o.dir, "new"))); err != nil {
		return fmt.Errorf("raw client: %w", err)
	}
	return c.quit()
}

func settle(f *os.File, dir string) error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(dir, "new", filepath.Base(f.Name())))
}

func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
