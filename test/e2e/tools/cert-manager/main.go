// Command cert-manager runs cert-manager's own parts in the pods of cert-manager's own chart: the
// controller, the webhook and the cainjector. All of the behaviour is cert-manager's; this file and its
// neighbours only choose what runs and read the flags that the chart passes.
//
// cert-manager's own commands link every DNS provider as well, and not all of those modules can be
// downloaded everywhere.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"k8s.io/klog/v2"
)

// command is one part of cert-manager: it declares its flags and returns what runs after they are read.
type command func(flags *flag.FlagSet) func(context.Context) error

var commands = map[string]command{
	"controller": controllerCommand,
	"webhook":    webhookCommand,
	"cainjector": cainjectorCommand,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: cert-manager controller|webhook|cainjector [flags]")
		os.Exit(2)
	}
	name := os.Args[1]
	flags := flag.NewFlagSet(name, flag.ExitOnError)
	klog.InitFlags(flags)
	run := commands[name](flags)
	_ = flags.Parse(os.Args[2:])

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx = klog.NewContext(ctx, klog.Background())
	if err := run(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintf(os.Stderr, "cert-manager %s: %v\n", name, err)
		os.Exit(1)
	}
}

// without declares flags of the chart that concern what does not run here, such as ACME and the election
// of a leader among several pods, of which there is one.
func without(flags *flag.FlagSet, names ...string) {
	for _, name := range names {
		flags.String(name, "", "has no effect here")
	}
}

// stringList is a flag that may be given several times.
type stringList []string

func (l *stringList) String() string { return strings.Join(*l, ",") }

func (l *stringList) Set(value string) error {
	*l = append(*l, value)
	return nil
}
