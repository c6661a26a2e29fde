package pop3server

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1" // SCRAM-SHA-1 is made of it
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strings"

	"github.com/xdg-go/stringprep"
)

// scram is RFC 5802 and RFC 7677, the -PLUS forms with tls-exporter (RFC 9266)
// or tls-server-end-point (RFC 5929).
func (x *exchange) scram(mechanism string) (string, error) {
	base, plus := strings.CutSuffix(mechanism, "-PLUS")
	sum := sha256.New
	if base == "SCRAM-SHA-1" {
		sum = sha1.New
	}
	first, err := x.first()
	if err != nil {
		return "", err
	}
	gs2, bare, err := splitGS2(first)
	if err != nil {
		return "", err
	}
	binding, err := x.binding(gs2, plus)
	if err != nil {
		return "", err
	}
	name, nonce, err := scramNames(bare)
	if err != nil {
		return name, err
	}
	user, known := x.s.srv.users[name]
	salt := sha256.Sum256([]byte("salt of " + name))
	nonce += x.s.srv.nonce()
	serverFirst := fmt.Sprintf("r=%s,s=%s,i=%d", nonce, base64.StdEncoding.EncodeToString(salt[:16]), x.s.srv.iterations)
	final, err := x.challenge(serverFirst)
	if err != nil {
		return name, err
	}

	withoutProof, proof, ok := strings.Cut(final, ",p=")
	wanted := "c=" + base64.StdEncoding.EncodeToString(append([]byte(gs2), binding...)) + ",r=" + nonce
	if !ok || withoutProof != wanted {
		return name, errRefused
	}
	prepared, err := stringprep.SASLprep.Prepare(user.Password)
	if err != nil {
		prepared = user.Password
	}
	salted, err := pbkdf2.Key(sum, prepared, salt[:16], x.s.srv.iterations, sum().Size())
	if err != nil {
		return name, fmt.Errorf("derive SCRAM key: %w", err)
	}
	message := bare + "," + serverFirst + "," + withoutProof
	clientKey := mac(sum, salted, "Client Key")
	signature := mac(sum, digest(sum, clientKey), message)
	for i := range signature {
		signature[i] ^= clientKey[i]
	}
	if !known || proof != base64.StdEncoding.EncodeToString(signature) {
		return name, errRefused
	}
	server := mac(sum, mac(sum, salted, "Server Key"), message)
	if _, err := x.challenge("v=" + base64.StdEncoding.EncodeToString(server)); err != nil {
		return name, err
	}
	return name, nil
}

// splitGS2 takes the channel binding header, with its commas, off the client's
// first message.
func splitGS2(first string) (gs2, bare string, err error) {
	parts := strings.SplitN(first, ",", 3)
	if len(parts) != 3 {
		return "", "", errMalformed
	}
	return parts[0] + "," + parts[1] + ",", parts[2], nil
}

// scramNames reads "n=user,r=nonce".
func scramNames(bare string) (name, nonce string, err error) {
	parts := strings.Split(bare, ",")
	if len(parts) < 2 || !strings.HasPrefix(parts[0], "n=") || !strings.HasPrefix(parts[1], "r=") || len(parts[1]) == 2 {
		return "", "", errMalformed
	}
	name = strings.NewReplacer("=2C", ",", "=3D", "=").Replace(parts[0][2:])
	return name, parts[1][2:], nil
}

// binding gives the data of the channel binding that the client chose.
func (x *exchange) binding(gs2 string, plus bool) ([]byte, error) {
	flag, _, _ := strings.Cut(gs2, ",")
	name, asked := strings.CutPrefix(flag, "p=")
	switch {
	case asked != plus:
		return nil, errMalformed
	case flag == "y" && x.offersPlus():
		// The client believes that there is none: somebody took it off the list.
		return nil, errRefused
	case flag == "n", flag == "y":
		return nil, nil
	case !plus:
		return nil, errMalformed
	}
	state := x.s.tls.ConnectionState()
	switch name {
	case "tls-exporter":
		return state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
	case "tls-server-end-point":
		return x.endPoint(&state)
	}
	return nil, errMalformed
}

func (x *exchange) offersPlus() bool {
	for _, m := range x.s.mechanisms() {
		if strings.HasSuffix(m, "-PLUS") {
			return true
		}
	}
	return false
}

// endPoint hashes the server's own certificate as RFC 5929 section 4.1 says.
func (x *exchange) endPoint(state *tls.ConnectionState) ([]byte, error) {
	config := x.s.srv.tlsConfig
	if config == nil || len(config.Certificates) == 0 || state.Version == 0 {
		return nil, errors.New("no certificate to bind to")
	}
	raw := config.Certificates[0].Certificate[0]
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, fmt.Errorf("read own certificate: %w", err)
	}
	sum := sha256.New
	switch cert.SignatureAlgorithm {
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		sum = sha512.New384
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		sum = sha512.New
	}
	return digest(sum, raw), nil
}

func mac(sum func() hash.Hash, key []byte, text string) []byte {
	h := hmac.New(sum, key)
	_, _ = h.Write([]byte(text)) // a hash never fails
	return h.Sum(nil)
}

func digest(sum func() hash.Hash, p []byte) []byte {
	h := sum()
	_, _ = h.Write(p) // a hash never fails
	return h.Sum(nil)
}
