package mailbox

import (
	"context"
	"strconv"
	"strings"
	"time"
)

const (
	// noopWait bounds the wait for a NOOP's answer.
	noopWait = 20 * time.Second
	// lookEvery is how often an idle session is looked at, without a command, for a server that has hung up.
	lookEvery = 5 * time.Second
	// releaseAtOnce is so long that who scrolls, or a scan that goes on, does not log in again each time.
	releaseAtOnce = 500 * time.Millisecond
)

// keepAlive starts the watch over an idle session, once. The turn is held.
func (m *Mailbox) keepAlive() {
	m.mu.Lock()
	m.lastUse = time.Now()
	started := m.watching
	m.watching = true
	m.mu.Unlock()
	if !started && (m.cfg.IdleRelease > 0 || m.cfg.KeepAlive > 0) {
		m.work(m.watch)
		return
	}
	select {
	case m.opened <- struct{}{}:
	default:
	}
}

// watch lets an idle session go (P9), and keeps one that is held from the server's own idle timer.
func (m *Mailbox) watch() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	lastNoop := time.Now()
	for {
		select {
		case <-timer.C:
		case <-m.opened:
		case <-m.closing.Done():
			return
		}
		if m.acquireBackground(m.closing) != nil {
			return
		}
		next := time.Duration(0)
		if m.client() != nil {
			next = m.watchTurn(&lastNoop)
		}
		<-m.turn // without the word that the connection was used
		timer.Stop()
		if next > 0 {
			timer.Reset(next)
		}
	}
}

// watchTurn does what is due on an open session and says when to look again; 0 where the session is over.
func (m *Mailbox) watchTurn(lastNoop *time.Time) time.Duration {
	now := time.Now()
	used := m.idleSince()
	release := used.Add(m.cfg.IdleRelease)
	releases := m.cfg.IdleRelease > 0 && (m.cfg.Release || !m.delaysLogin())
	if releases && !now.Before(release) {
		_ = m.part(m.closing) // nothing was deleted: a QUIT that fails lets the maildrop go as well
		m.setState(Released, nil)
		return 0
	}
	talked := used
	if lastNoop.After(talked) {
		talked = *lastNoop
	}
	noop := talked.Add(m.cfg.KeepAlive)
	due := m.cfg.KeepAlive > 0 && !now.Before(noop)
	ctx, cancel := context.WithTimeout(m.closing, noopWait)
	defer cancel()
	err := m.client().Unasked(ctx)
	if err == nil && due {
		_, err = m.client().Noop().Wait(ctx)
		*lastNoop = time.Now()
		noop = lastNoop.Add(m.cfg.KeepAlive)
	}
	if err != nil && m.closing.Err() == nil && (broken(err) || ctx.Err() != nil) {
		m.drop()
		if releases && !due { // the server has let it go itself: to come back would hold it on and on
			m.setState(Released, nil)
			return 0
		}
		m.setState(Lost, err)
		return 0
	}
	next := m.lookEvery
	if releases {
		next = min(next, time.Until(release))
	}
	if m.cfg.KeepAlive > 0 {
		next = min(next, time.Until(noop))
	}
	return max(next, time.Millisecond)
}

// delaysLogin says whether coming back would take longer than the lock is kept:
// a server with such a LOGIN-DELAY is not let go.
func (m *Mailbox) delaysLogin() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	seconds, _, _ := strings.Cut(string(m.info.LoginDelay), " ")
	n, err := strconv.Atoi(seconds)
	return err == nil && float64(n) > m.cfg.IdleRelease.Seconds()
}
