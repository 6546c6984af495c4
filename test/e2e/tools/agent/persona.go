package main

import (
	"flag"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	pb "istio.io/api/security/v1alpha1"
)

const (
	asAgent   = "agent"
	asZtunnel = "ztunnel"
)

// persona is who asks, and for what: everything of a request but its key.
type persona struct {
	as         string
	identity   string
	certSigner string
	dedicated  bool
	validity   time.Duration
	keyType    string
}

func (p *persona) bind(flags *flag.FlagSet) {
	flags.StringVar(&p.as, "as", asAgent, "whose manners to use: agent or ztunnel")
	flags.StringVar(&p.certSigner, "cert-signer", "",
		"CertSigner to ask for; the agent sends it even when empty, ztunnel never; {namespace} stands for the caller's")
	flags.BoolVar(&p.dedicated, "dedicated", false, "ztunnel for one workload: sends no metadata at all")
	flags.DurationVar(&p.validity, "validity", 24*time.Hour, "lifetime to ask for")
	flags.StringVar(&p.keyType, "key", "", "rsa (2048, the agent's default), p256 (ztunnel's default) or p384")
}

func (p *persona) complete() error {
	if p.as != asAgent && p.as != asZtunnel {
		return fmt.Errorf("--as must be %s or %s", asAgent, asZtunnel)
	}
	if p.keyType == "" {
		p.keyType = map[string]string{asAgent: "rsa", asZtunnel: "p256"}[p.as]
	}
	switch p.keyType {
	case "rsa", "p256", "p384":
		return nil
	default:
		return fmt.Errorf("--key must be rsa, p256 or p384")
	}
}

// withIdentity is the same persona for one SPIFFE identity.
func (p persona) withIdentity(identity string) persona {
	p.identity = identity
	p.certSigner = strings.ReplaceAll(p.certSigner, "{namespace}", namespaceOf(identity))
	return p
}

// request builds what goes over the wire for one CSR.
func (p persona) request(csr []byte) *pb.IstioCertificateRequest {
	return &pb.IstioCertificateRequest{
		Csr:              string(csr),
		ValidityDuration: int64(p.validity / time.Second),
		Metadata:         p.metadata(),
	}
}

func (p persona) metadata() *structpb.Struct {
	switch {
	case p.as == asAgent:
		return &structpb.Struct{Fields: map[string]*structpb.Value{
			"CertSigner": structpb.NewStringValue(p.certSigner),
		}}
	case p.dedicated:
		return nil
	default:
		return &structpb.Struct{Fields: map[string]*structpb.Value{
			"ImpersonatedIdentity": structpb.NewStringValue(p.identity),
		}}
	}
}

// namespaceOf reads the namespace out of spiffe://domain/ns/NAMESPACE/sa/ACCOUNT.
func namespaceOf(identity string) string {
	parts := strings.Split(identity, "/")
	if len(parts) > 4 && parts[3] == "ns" {
		return parts[4]
	}
	return ""
}
