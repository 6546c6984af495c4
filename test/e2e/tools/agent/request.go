package main

import (
	"context"
	"crypto"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	pb "istio.io/api/security/v1alpha1"
)

type requestOptions struct {
	server    server
	persona   persona
	tokenFile string
	out       string
	pkcs8     bool
}

// requestReport is the line that `request` prints.
type requestReport struct {
	OK        bool        `json:"ok"`
	Code      string      `json:"code"`
	Message   string      `json:"message,omitempty"`
	ElapsedMs float64     `json:"elapsedMs"`
	Attempts  []attempt   `json:"attempts"`
	Elements  int         `json:"elements"`
	Leaf      *leafReport `json:"leaf,omitempty"`
	// Refused is why the client would not use a certificate that the server did send.
	Refused string `json:"refused,omitempty"`
}

func request(ctx context.Context, args []string) error {
	var o requestOptions
	flags := flag.NewFlagSet("agentlike request", flag.ContinueOnError)
	o.server.bind(flags)
	o.persona.bind(flags)
	identity := flags.String("identity", "", "SPIFFE identity to ask for (default: from the token's subject)")
	trustDomain := flags.String("trust-domain", "cluster.local", "trust domain where the identity comes from the token")
	flags.StringVar(&o.tokenFile, "token", "", "file of the service account token, read anew for each attempt")
	flags.StringVar(&o.out, "out", "", "folder for key.pem, chain.pem and root.pem")
	flags.BoolVar(&o.pkcs8, "pkcs8", false, "write the key as PKCS#8")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.server.address == "" {
		return errors.New("--address is required")
	}
	if err := o.persona.complete(); err != nil {
		return err
	}
	o.server.fitTo(o.persona)
	if *identity == "" {
		fromToken, err := identityOfToken(o.tokenFile, *trustDomain)
		if err != nil {
			return err
		}
		*identity = fromToken
	}
	o.persona = o.persona.withIdentity(*identity)
	return requestOne(ctx, o)
}

func requestOne(ctx context.Context, o requestOptions) error {
	key, err := newKey(o.persona.keyType)
	if err != nil {
		return err
	}
	csr, err := newCSR(o.persona, key)
	if err != nil {
		return err
	}
	connection, err := o.server.dial(o.tokenFile)
	if err != nil {
		return err
	}
	defer connection.Close()

	report := requestReport{Attempts: []attempt{}}
	ctx, cancel := o.server.context(withAttempts(ctx, &report.Attempts))
	defer cancel()
	start := time.Now()
	answer, err := pb.NewIstioCertificateServiceClient(connection).CreateCertificate(ctx, o.persona.request(csr))
	report.ElapsedMs = milliseconds(time.Since(start))
	report.Code = status.Code(err).String()
	if err != nil {
		report.Message = status.Convert(err).Message()
	} else if err := report.take(o, key, answer.GetCertChain()); err != nil {
		return err
	}
	report.OK = report.Code == codes.OK.String() && report.Refused == ""
	if err := printJSON(report); err != nil {
		return err
	}
	if !report.OK {
		return errNotIssued
	}
	return nil
}

// take judges the answer and writes the files of one that is accepted.
func (r *requestReport) take(o requestOptions, key crypto.Signer, chain []string) error {
	r.Elements = len(chain)
	leaf, err := accept(o.persona, key, chain)
	r.Leaf = describe(leaf)
	if err != nil {
		r.Refused = err.Error()
		return nil
	}
	if o.out == "" {
		return nil
	}
	encodedKey, err := keyPEM(key, o.pkcs8)
	if err != nil {
		return err
	}
	return writeFiles(o.out, map[string][]byte{
		"key.pem":   encodedKey,
		"chain.pem": []byte(joinPEM(chain)),
		"root.pem":  []byte(joinPEM(chain[len(chain)-1:])),
	})
}

// writeFiles replaces each file in one step, so that a reader never meets half of it.
func writeFiles(folder string, files map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path+".new", content, 0o600); err != nil {
			return err
		}
		if err := os.Rename(path+".new", path); err != nil {
			return err
		}
	}
	return nil
}
