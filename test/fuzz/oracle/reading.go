package main

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
)

// reading is what one document says, as far as Go understands it.
type reading struct {
	OK          bool   `json:"ok"`
	Error       string `json:"error,omitempty"`
	SPKISHA256  string `json:"spkiSha256"`
	SubjectDER  string `json:"subjectDer"`
	SubjectRDNs int    `json:"subjectRdns"`
	// Every value of every attribute of the subject.
	SubjectValues []string `json:"subjectValues"`
	URIs          []string `json:"uris"`
	DNSNames      []string `json:"dnsNames"`
	Emails        []string `json:"emails"`
	Addresses     []string `json:"addresses"`
	// Every GeneralName of the subjectAltName: tag number and content in hexadecimal.
	RawNames      []rawName `json:"rawNames"`
	ExtensionOIDs []string  `json:"extensionOids"`
	// Requests only.
	Attributes  int  `json:"attributes"`
	SignatureOK bool `json:"signatureOk"`
	// Certificates only.
	IsCA      bool  `json:"isCa"`
	KeyUsage  int   `json:"keyUsage"`
	NotBefore int64 `json:"notBefore"`
	NotAfter  int64 `json:"notAfter"`
}

type rawName struct {
	Tag     int    `json:"tag"`
	Content string `json:"content"`
}

func readRequest(der []byte) reading {
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return reading{Error: err.Error()}
	}
	result := common(request.RawSubjectPublicKeyInfo, request.RawSubject, request.Extensions)
	for _, uri := range request.URIs {
		result.URIs = append(result.URIs, uri.String())
	}
	result.DNSNames = request.DNSNames
	result.Emails = request.EmailAddresses
	for _, address := range request.IPAddresses {
		result.Addresses = append(result.Addresses, address.String())
	}
	result.Attributes = countAttributes(request.RawTBSCertificateRequest)
	result.SignatureOK = request.CheckSignature() == nil
	return result
}

func readCertificate(der []byte) reading {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return reading{Error: err.Error()}
	}
	result := common(certificate.RawSubjectPublicKeyInfo, certificate.RawSubject, certificate.Extensions)
	for _, uri := range certificate.URIs {
		result.URIs = append(result.URIs, uri.String())
	}
	result.DNSNames = certificate.DNSNames
	result.Emails = certificate.EmailAddresses
	for _, address := range certificate.IPAddresses {
		result.Addresses = append(result.Addresses, address.String())
	}
	result.IsCA = certificate.IsCA
	result.KeyUsage = int(certificate.KeyUsage)
	result.NotBefore = certificate.NotBefore.Unix()
	result.NotAfter = certificate.NotAfter.Unix()
	return result
}

func common(spki, subject []byte, extensions []pkix.Extension) reading {
	hash := sha256.Sum256(spki)
	result := reading{OK: true, SPKISHA256: hex.EncodeToString(hash[:]), SubjectDER: hex.EncodeToString(subject)}
	var name []pkix.RelativeDistinguishedNameSET
	if _, err := asn1.Unmarshal(subject, &name); err == nil {
		result.SubjectRDNs = len(name)
		for _, set := range name {
			for _, attribute := range set {
				if text, isText := attribute.Value.(string); isText {
					result.SubjectValues = append(result.SubjectValues, text)
				}
			}
		}
	}
	for _, extension := range extensions {
		result.ExtensionOIDs = append(result.ExtensionOIDs, extension.Id.String())
		if extension.Id.String() == "2.5.29.17" {
			result.RawNames = append(result.RawNames, rawNames(extension.Value)...)
		}
	}
	return result
}

func rawNames(value []byte) []rawName {
	var names []asn1.RawValue
	if _, err := asn1.Unmarshal(value, &names); err != nil {
		return nil
	}
	var result []rawName
	for _, name := range names {
		result = append(result, rawName{Tag: name.Tag, Content: hex.EncodeToString(name.Bytes)})
	}
	return result
}

// countAttributes counts all of them, those that crypto/x509 passes over too; -1 where it cannot.
func countAttributes(info []byte) int {
	var fields struct {
		Version    int
		Subject    asn1.RawValue
		PublicKey  asn1.RawValue
		Attributes []asn1.RawValue `asn1:"tag:0"`
	}
	if _, err := asn1.Unmarshal(info, &fields); err != nil {
		return -1
	}
	return len(fields.Attributes)
}
