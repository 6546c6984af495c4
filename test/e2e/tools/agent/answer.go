package main

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
)

// leafReport is what a reader wants to know of the certificate that came back.
type leafReport struct {
	Issuer    string   `json:"issuer"`
	Subject   string   `json:"subject"`
	SANs      []string `json:"sans"`
	Serial    string   `json:"serial"`
	NotBefore string   `json:"notBefore"`
	NotAfter  string   `json:"notAfter"`
}

// accept reads the answer as the clients do: one element alone is no chain, and the first holds
// the leaf. Beyond them it refuses a leaf for another key, which no client would live with for long.
func accept(p persona, key crypto.Signer, chain []string) (*x509.Certificate, error) {
	if len(chain) <= 1 {
		return nil, fmt.Errorf("the answer has %d elements, but a chain and a root were expected", len(chain))
	}
	block, _ := pem.Decode([]byte(chain[0]))
	if block == nil {
		return nil, errors.New("the first element of the answer is not PEM")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the leaf cannot be read: %w", err)
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(leaf.PublicKey) {
		return leaf, errors.New("the leaf is for another key")
	}
	if len(leaf.URIs) == 0 || leaf.URIs[0].String() != p.identity {
		return leaf, fmt.Errorf("the leaf is for %v, not for %s", leaf.URIs, p.identity)
	}
	return leaf, nil
}

func describe(leaf *x509.Certificate) *leafReport {
	if leaf == nil {
		return nil
	}
	names := make([]string, 0, len(leaf.URIs)+len(leaf.DNSNames))
	for _, uri := range leaf.URIs {
		names = append(names, uri.String())
	}
	names = append(names, leaf.DNSNames...)
	return &leafReport{
		Issuer:    leaf.Issuer.String(),
		Subject:   leaf.Subject.String(),
		SANs:      names,
		Serial:    leaf.SerialNumber.Text(16),
		NotBefore: leaf.NotBefore.UTC().Format(time.RFC3339),
		NotAfter:  leaf.NotAfter.UTC().Format(time.RFC3339),
	}
}

// joinPEM puts elements behind each other, each ending its line.
func joinPEM(elements []string) string {
	var joined strings.Builder
	for _, element := range elements {
		joined.WriteString(strings.TrimRight(element, "\n") + "\n")
	}
	return joined.String()
}
