// Command cert-manager-signers runs the part of cert-manager that users of the Kubernetes CSR
// API meet: its CA and selfSigned signers for CertificateSigningRequests, and what is needed to
// set up their issuers (Issuers, ClusterIssuers, Certificates, CertificateRequests).
//
// All of the behaviour is cert-manager's; this file only chooses which controllers run.
// cert-manager's own command links every DNS provider as well, and not all of those modules
// can be had everywhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"k8s.io/klog/v2"

	"github.com/cert-manager/cert-manager/pkg/controller"
	crapprover "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	crca "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	crselfsigned "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	csrca "github.com/cert-manager/cert-manager/pkg/controller/certificatesigningrequests/ca"
	csrselfsigned "github.com/cert-manager/cert-manager/pkg/controller/certificatesigningrequests/selfsigned"
	"github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	"github.com/cert-manager/cert-manager/pkg/controller/issuers"

	// The issuer types register themselves.
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
)

// signers answer CertificateSigningRequests; the others exist to give them a CA.
var signers = []string{csrca.CSRControllerName, csrselfsigned.CSRControllerName}

var issuerSetup = []string{
	issuers.ControllerName,
	clusterissuers.ControllerName,
	issuing.ControllerName,
	keymanager.ControllerName,
	readiness.ControllerName,
	requestmanager.ControllerName,
	revisionmanager.ControllerName,
	trigger.ControllerName,
	crapprover.ControllerName,
	crca.CRControllerName,
	crselfsigned.CRControllerName,
}

type options struct {
	kubeconfig string
	qps        float64
	burst      int
	namespace  string
	workers    int
}

func main() {
	var o options
	flag.StringVar(&o.kubeconfig, "kubeconfig", "", "path of the kubeconfig to use (required)")
	// cert-manager ignores both limits when the API server has Priority and Fairness on,
	// as it does by default.
	flag.Float64Var(&o.qps, "qps", 20, "client-side limit of API calls a second")
	flag.IntVar(&o.burst, "burst", 50, "calls that may go at once above the limit")
	flag.StringVar(&o.namespace, "cluster-resource-namespace", "cert-manager",
		"namespace of the Secrets that ClusterIssuers refer to")
	flag.IntVar(&o.workers, "workers", 5, "workers of each controller")
	klog.InitFlags(nil)
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "cert-manager-signers:", err)
		os.Exit(1)
	}
}

// run returns nil once the context is cancelled and every controller has ended.
func run(ctx context.Context, o options) error {
	if o.kubeconfig == "" {
		return errors.New("--kubeconfig is required")
	}
	factory, err := controller.NewContextFactory(ctx, contextOptions(o))
	if err != nil {
		return err
	}
	root, err := factory.Build()
	if err != nil {
		return err
	}
	controllers, err := build(factory)
	if err != nil {
		return err
	}

	// A controller registers its informers while it is built, so they are started afterwards.
	root.SharedInformerFactory.Start(ctx.Done())
	root.KubeSharedInformerFactory.Start(ctx.Done())
	root.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	return runAll(ctx, controllers, o.workers)
}

func contextOptions(o options) controller.ContextOptions {
	return controller.ContextOptions{
		Kubeconfig:         o.kubeconfig,
		KubernetesAPIQPS:   float32(o.qps),
		KubernetesAPIBurst: o.burst,
		IssuerOptions:      controller.IssuerOptions{ClusterResourceNamespace: o.namespace},
		CertificateOptions: controller.CertificateOptions{
			// A certificate request that failed while its issuer was coming up is tried again
			// within a test's patience; cert-manager's own default is an hour.
			CertificateRequestMinimumBackoffDuration: time.Second,
			CertificateRequestMaximumBackoffDuration: time.Minute,
		},
	}
}

func build(factory *controller.ContextFactory) (map[string]controller.Interface, error) {
	built := map[string]controller.Interface{}
	for _, name := range append(signers, issuerSetup...) {
		construct, ok := controller.Known()[name]
		if !ok {
			return nil, fmt.Errorf("cert-manager has no controller %q", name)
		}
		c, err := construct(factory)
		if err != nil {
			return nil, fmt.Errorf("controller %s: %w", name, err)
		}
		built[name] = c
	}
	return built, nil
}

func runAll(ctx context.Context, controllers map[string]controller.Interface, workers int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	failed := make(chan error, len(controllers))
	var running sync.WaitGroup
	for name, c := range controllers {
		running.Go(func() {
			if err := c.Run(workers, ctx); err != nil && ctx.Err() == nil {
				err = fmt.Errorf("controller %s: %w", name, err)
				failed <- err
				// One controller less is a half-dead signer: end the rest too.
				cancel(err)
			}
		})
	}
	klog.InfoS("controllers started", "count", len(controllers))
	running.Wait()
	close(failed)
	return <-failed
}
