package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
)

var (
	oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidOrganization   = asn1.ObjectIdentifier{2, 5, 4, 10}
)

// tagURI is the context tag of uniformResourceIdentifier in a GeneralName (RFC 5280, 4.2.1.6).
const tagURI = 6

func newKey(keyType string) (crypto.Signer, error) {
	switch keyType {
	case "rsa":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "p256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "p384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	default:
		return nil, fmt.Errorf("unknown key type %q", keyType)
	}
}

// newCSR makes the PEM of a CSR with one critical URI name and nothing else. The agent's subject
// is one organization with an empty value; ztunnel's has no part at all.
func newCSR(p persona, key crypto.Signer) ([]byte, error) {
	names, err := asn1.Marshal([]asn1.RawValue{
		{Class: asn1.ClassContextSpecific, Tag: tagURI, Bytes: []byte(p.identity)},
	})
	if err != nil {
		return nil, err
	}
	subject := pkix.RDNSequence{}
	if p.as == asAgent {
		subject = append(subject, pkix.RelativeDistinguishedNameSET{{Type: oidOrganization, Value: ""}})
	}
	rawSubject, err := asn1.Marshal(subject)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		RawSubject:      rawSubject,
		ExtraExtensions: []pkix.Extension{{Id: oidSubjectAltName, Critical: true, Value: names}},
	}, key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

// keyPEM writes a key as the agent does: the format of its kind, or PKCS#8 where asked for.
func keyPEM(key crypto.Signer, pkcs8 bool) ([]byte, error) {
	if pkcs8 {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}), nil
	case *ecdsa.PrivateKey:
		der, err := x509.MarshalECPrivateKey(k)
		return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), err
	default:
		return nil, fmt.Errorf("no PEM form for a key of type %T", key)
	}
}
