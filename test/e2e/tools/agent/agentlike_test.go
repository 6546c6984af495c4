package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	pb "istio.io/api/security/v1alpha1"
)

const sleepFoo = "spiffe://cluster.local/ns/foo/sa/sleep"

// scripted is a certificate service on loopback that first gives the codes it was told to, and
// then signs what it is sent.
type scripted struct {
	pb.UnimplementedIstioCertificateServiceServer
	mutex    sync.Mutex
	codes    []codes.Code
	requests []*pb.IstioCertificateRequest
	headers  []metadata.MD
	key      *ecdsa.PrivateKey
	root     *x509.Certificate
}

func (s *scripted) CreateCertificate(ctx context.Context, req *pb.IstioCertificateRequest) (*pb.IstioCertificateResponse, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	headers, _ := metadata.FromIncomingContext(ctx)
	s.requests, s.headers = append(s.requests, req), append(s.headers, headers)
	if len(s.codes) > 0 {
		code := s.codes[0]
		s.codes = s.codes[1:]
		return nil, status.Error(code, "as told")
	}
	csr := parseCSR(req.GetCsr())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), URIs: csr.URIs,
		NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, s.root, csr.PublicKey, s.key)
	if err != nil {
		return nil, err
	}
	return &pb.IstioCertificateResponse{CertChain: []string{certPEM(der), certPEM(s.root.Raw)}}, nil
}

func parseCSR(text string) *x509.CertificateRequest {
	block, _ := pem.Decode([]byte(text))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		panic(err)
	}
	return csr
}

func certPEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// serve starts a scripted service; what it returns are the arguments that reach it.
func serve(t *testing.T, first ...codes.Code) (*scripted, []string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// The root serves as well, which the default server name allows.
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		DNSNames:  []string{"istiod.istio-system.svc"},
		NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	service := &scripted{codes: first, key: key, root: root}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&serving)))
	pb.RegisterIstioCertificateServiceServer(server, service)
	go server.Serve(listener)
	t.Cleanup(server.Stop)

	folder := t.TempDir()
	token, rootFile := filepath.Join(folder, "token"), filepath.Join(folder, "root.pem")
	if err := os.WriteFile(rootFile, []byte(certPEM(der)), 0o600); err != nil {
		t.Fatal(err)
	}
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"system:serviceaccount:foo:sleep"}`))
	if err := os.WriteFile(token, []byte("h."+payload+".s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return service, []string{"--root", rootFile, "--address", listener.Addr().String(), "--token", token}
}

// run calls the command and reads the report that it prints.
func run[Report any](t *testing.T, args ...string) (Report, error) {
	t.Helper()
	stdout := os.Stdout
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = writer
	result := dispatch(t.Context(), args)
	os.Stdout = stdout
	writer.Close()
	var report Report
	if err := json.NewDecoder(reader).Decode(&report); err != nil {
		t.Fatalf("no report: %v (%v)", err, result)
	}
	return report, result
}

func TestAgentAsksAsTheAgentDoes(t *testing.T) {
	service, args := serve(t)
	out := t.TempDir()
	report, err := run[requestReport](t, append([]string{"request", "--out", out}, args...)...)
	if err != nil || !report.OK || report.Elements != 2 || !slices.Equal(report.Leaf.SANs, []string{sleepFoo}) {
		t.Fatalf("%v %+v", err, report)
	}

	sent, headers := service.requests[0], service.headers[0]
	if got := sent.GetMetadata().AsMap(); len(got) != 1 || got["CertSigner"] != "" {
		t.Errorf("metadata %v: an empty CertSigner and nothing else was expected", got)
	}
	if sent.GetValidityDuration() != 86400 {
		t.Errorf("validity %d", sent.GetValidityDuration())
	}
	if got := headers.Get("clusterid"); !slices.Equal(got, []string{"Kubernetes"}) {
		t.Errorf("clusterid %v", got)
	}
	if got := headers.Get("authorization"); len(got) != 1 || !strings.HasPrefix(got[0], "Bearer h.") {
		t.Errorf("authorization %v", got)
	}
	checkCSR(t, sent.GetCsr(), "300b31093007060355040a1300")
	for _, name := range []string{"key.pem", "chain.pem", "root.pem"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestZtunnelAsksAsZtunnelDoes(t *testing.T) {
	service, args := serve(t)
	if _, err := run[requestReport](t, append([]string{"request", "--as", "ztunnel"}, args...)...); err != nil {
		t.Fatal(err)
	}
	sent := service.requests[0]
	if got := sent.GetMetadata().AsMap(); len(got) != 1 || got["ImpersonatedIdentity"] != sleepFoo {
		t.Errorf("metadata %v", got)
	}
	checkCSR(t, sent.GetCsr(), "3000")
}

func checkCSR(t *testing.T, text, subject string) {
	t.Helper()
	csr := parseCSR(text)
	if got := fmt.Sprintf("%x", csr.RawSubject); got != subject {
		t.Errorf("subject %s, not %s", got, subject)
	}
	if len(csr.Extensions) != 1 || !csr.Extensions[0].Critical || len(csr.URIs) != 1 || csr.URIs[0].String() != sleepFoo {
		t.Errorf("extensions %+v, URIs %v", csr.Extensions, csr.URIs)
	}
}

func TestRetriesOnlyWhatTheAgentRetries(t *testing.T) {
	for _, c := range []struct {
		code     codes.Code
		attempts int
	}{
		{codes.Unavailable, 2}, {codes.Internal, 2}, {codes.ResourceExhausted, 2}, {codes.Aborted, 2},
		{codes.PermissionDenied, 1}, {codes.Unauthenticated, 1}, {codes.InvalidArgument, 1}, {codes.Unknown, 1},
	} {
		_, args := serve(t, c.code)
		report, _ := run[requestReport](t, append([]string{"request", "--key", "p256"}, args...)...)
		if len(report.Attempts) != c.attempts || report.OK != (c.attempts == 2) {
			t.Errorf("%v: %+v", c.code, report)
		}
	}
}

func TestGivesUpAfterFiveAttempts(t *testing.T) {
	unavailable := slices.Repeat([]codes.Code{codes.Unavailable}, 9)
	service, args := serve(t, unavailable...)
	report, err := run[requestReport](t, append([]string{"request", "--key", "p256"}, args...)...)
	if !errors.Is(err, errNotIssued) || len(service.requests) != 5 || report.Code != "Unavailable" {
		t.Fatalf("%v %d %+v", err, len(service.requests), report)
	}
}

func TestTrustsOnlyTheNamedServer(t *testing.T) {
	service, args := serve(t)
	args = append(args, "--key", "p256", "--server-name", "elsewhere.svc")
	report, err := run[requestReport](t, append([]string{"request"}, args...)...)
	if !errors.Is(err, errNotIssued) || report.Code != "Unavailable" || len(service.requests) != 0 {
		t.Fatalf("%v %+v", err, report)
	}
}

func TestLoadCountsEveryRequest(t *testing.T) {
	service, args := serve(t, codes.Unavailable, codes.PermissionDenied)
	report, err := run[loadReport](t, append([]string{"load", "--key", "p256", "--callers", "4", "--total", "40"}, args...)...)
	if !errors.Is(err, errNotIssued) || report.Requests != 40 || report.OK != 39 || report.Failed["PermissionDenied"] != 1 {
		t.Fatalf("%v %+v", err, report)
	}
	if report.Attempts != 41 || len(service.requests) != 41 {
		t.Errorf("%d attempts were reported, %d were made", report.Attempts, len(service.requests))
	}
	distinct := map[string]bool{}
	for _, sent := range service.requests {
		distinct[sent.GetCsr()] = true
	}
	if len(distinct) != 40 {
		t.Errorf("%d distinct CSRs for 40 requests", len(distinct))
	}
}
