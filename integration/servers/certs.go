package servers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// CertKind is what is right or wrong with a certificate.
type CertKind int

// The certificates that a server can show.
const (
	GoodCert   CertKind = iota // signed by the server's CA for localhost and 127.0.0.1
	SelfSigned                 // signed by itself
	Expired                    // no longer valid
	WrongName                  // for another host
)

// files are the PEM files that a TLS server needs.
type files struct{ ca, cert, key string }

// issue makes a certificate and the authority that signed it.
func issue(t testing.TB, dir string, kind CertKind) files {
	t.Helper()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "popmark test authority"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	switch kind {
	case Expired:
		leaf.NotAfter = time.Now().Add(-time.Hour)
	case WrongName:
		leaf.DNSNames, leaf.IPAddresses = []string{"mail.example.org"}, nil
	case GoodCert, SelfSigned:
	}
	caKey, leafKey := newKey(t), newKey(t)
	signer, signKey := ca, caKey
	if kind == SelfSigned {
		signer, signKey = leaf, leafKey
	}
	f := files{filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	writePEM(t, f.ca, "CERTIFICATE", sign(t, ca, ca, caKey, caKey))
	writePEM(t, f.cert, "CERTIFICATE", sign(t, leaf, signer, leafKey, signKey))
	der, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, f.key, "PRIVATE KEY", der)
	return f
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, cert, signer *x509.Certificate, key, signKey *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, cert, signer, &key.PublicKey, signKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func writePEM(t testing.TB, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
