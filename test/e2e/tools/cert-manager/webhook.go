package main

import (
	"context"
	"flag"
	"time"

	"k8s.io/klog/v2"

	"github.com/cert-manager/cert-manager/internal/apis/config/shared"
	config "github.com/cert-manager/cert-manager/internal/apis/config/webhook"
	"github.com/cert-manager/cert-manager/internal/webhook"
)

func webhookCommand(flags *flag.FlagSet) func(context.Context) error {
	var dnsNames stringList
	port := flags.Int("secure-port", 6443, "port of the webhook")
	namespace := flags.String("dynamic-serving-ca-secret-namespace", "", "namespace of the Secret with its CA")
	secret := flags.String("dynamic-serving-ca-secret-name", "", "name of the Secret with its CA")
	flags.Var(&dnsNames, "dynamic-serving-dns-names", "names in its certificate")
	return func(ctx context.Context) error {
		server, err := webhook.NewCertManagerWebhookServer(klog.FromContext(ctx), config.WebhookConfiguration{
			SecurePort:           int32(*port),
			HealthzPort:          6080,
			MetricsListenAddress: "0",
			TLSConfig: shared.TLSConfig{Dynamic: shared.DynamicServingConfig{
				SecretNamespace: *namespace,
				SecretName:      *secret,
				DNSNames:        dnsNames,
				LeafDuration:    7 * 24 * time.Hour,
			}},
		})
		if err != nil {
			return err
		}
		return server.Run(ctx)
	}
}
