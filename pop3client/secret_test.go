package pop3client

import (
	"net"
	"strings"
	"testing"
)

func TestP6_AGreetingThatRepeatsASecretIsRedacted(t *testing.T) {
	ours, theirs := net.Pipe()
	go func() {
		_, _ = theirs.Write([]byte("-ERR go away s3cretPa55w0rd\r\n"))
		_ = theirs.Close()
	}()
	var written strings.Builder
	c, err := New(t.Context(), ours, &Options{Transcript: NewTranscript(&written, nil), Secrets: []string{"s3cretPa55w0rd"}})
	if err == nil {
		_ = c.Close()
		t.Fatal("a greeting of -ERR is no error")
	}
	if strings.Contains(err.Error()+written.String(), "s3cretPa55w0rd") || !strings.Contains(written.String(), "go away ***") {
		t.Errorf("error %q, transcript %q", err, written.String())
	}
}
