package account

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// tlsConfig makes the configuration for implicit TLS and STLS: what is trusted, and
// what the client shows of itself.
func tlsConfig(t Target, s Settings) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.Host}
	if t.Scheme == POP3Unix {
		c.ServerName = "localhost"
	}
	if i := strings.IndexByte(c.ServerName, '%'); i >= 0 {
		c.ServerName = c.ServerName[:i] // a zone says which link, not who
	}
	if s.TLSCA != "" {
		pool, err := poolWith(s.TLSCA)
		if err != nil {
			return nil, configError("reading --tls-ca "+printable(s.TLSCA), "name a file of PEM certificates", "%w", err)
		}
		c.RootCAs = pool
	}
	if s.TLSCert != "" {
		key := s.TLSKey
		if key == "" {
			key = s.TLSCert
		}
		pair, err := keyPair(s.TLSCert, key)
		if err != nil {
			return nil, configError("reading --tls-cert "+printable(s.TLSCert), "name a PEM file with the certificate and its key, or the key with --tls-key", "%w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	} else if s.TLSKey != "" {
		return nil, usageError("reading --tls-key", "name the certificate with --tls-cert", "a key alone is no use")
	}
	if s.TLSFingerprint != "" {
		want, err := parseFingerprint(s.TLSFingerprint)
		if err != nil {
			return nil, usageError("reading --tls-fingerprint", "write sha256: and the 64 hexadecimal digits that openssl x509 -fingerprint -sha256 prints", "%w", err)
		}
		// The pin takes the place of the authorities: the certificate must be this one.
		c.InsecureSkipVerify = true //nolint:gosec // VerifyConnection below is stricter
		c.VerifyConnection = func(cs tls.ConnectionState) error { return checkPin(cs, want) }
	}
	return c, nil
}

// maxPEM bounds a file of certificates or keys, in octets. The largest bundles of authorities have half a megabyte.
const maxPEM = 8 << 20

// readPEM reads a file, or a pipe that a shell makes. It does not wait for somebody to open a pipe's other end.
func readPEM(file string) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	pem, err := io.ReadAll(io.LimitReader(f, maxPEM+1))
	if err == nil && len(pem) > maxPEM {
		err = fmt.Errorf("it has more than %d octets", maxPEM)
	}
	return pem, err
}

func keyPair(certificate, key string) (pair tls.Certificate, err error) {
	c, err := readPEM(certificate)
	if err != nil {
		return pair, err
	}
	k := c
	if key != certificate {
		if k, err = readPEM(key); err != nil {
			return pair, err
		}
	}
	return tls.X509KeyPair(c, k)
}

func poolWith(file string) (*x509.CertPool, error) {
	pem, err := readPEM(file)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without a store trusts this file alone
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("it holds no PEM certificate")
	}
	return pool, nil
}

func parseFingerprint(s string) ([]byte, error) {
	kind, digits, ok := strings.Cut(s, ":")
	if !ok || !strings.EqualFold(kind, "sha256") {
		return nil, fmt.Errorf("%s does not begin with \"sha256:\"", quote(s))
	}
	sum, err := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
	if err != nil {
		return nil, err
	}
	if len(sum) != sha256.Size {
		return nil, fmt.Errorf("it has %d octets, not %d", len(sum), sha256.Size)
	}
	return sum, nil
}

// pinError means that the server's certificate is not the one that was asked for.
type pinError struct{ got string }

func (e *pinError) Error() string {
	return "the server's certificate is not the one that --tls-fingerprint names, it is " + e.got
}

func checkPin(cs tls.ConnectionState, want []byte) error {
	if len(cs.PeerCertificates) == 0 {
		return &pinError{got: "none"}
	}
	sum := sha256.Sum256(cs.PeerCertificates[0].Raw)
	if subtle.ConstantTimeCompare(sum[:], want) != 1 {
		return &pinError{got: fingerprint(cs.PeerCertificates[0].Raw)}
	}
	return nil
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return "sha256:" + hex.EncodeToString(sum[:])
}
