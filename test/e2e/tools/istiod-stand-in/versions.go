package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	xds "github.com/envoyproxy/go-control-plane/pkg/server/v3"
)

// clusterBytes is about what one of Istio's clusters takes.
const clusterBytes = 4_096

// versions gives each node that asks its first snapshot, and further ones when it is time.
type versions struct {
	xds.CallbackFuncs
	cache    cache.SnapshotCache
	clusters []types.Resource
	endless  bool
	mutex    sync.Mutex
	current  map[string]int
}

func newVersions(payload int, endless bool) *versions {
	return &versions{
		cache:    cache.NewSnapshotCache(true, cache.IDHash{}, nil),
		clusters: clustersOf(payload),
		endless:  endless,
		current:  map[string]int{},
	}
}

func clustersOf(payload int) []types.Resource {
	clusters := make([]types.Resource, max(1, payload/clusterBytes))
	for i := range clusters {
		clusters[i] = &cluster.Cluster{
			Name:        fmt.Sprintf("outbound|80||service-%d.default.svc.cluster.local", i),
			AltStatName: strings.Repeat("x", min(payload, clusterBytes)),
		}
	}
	return clusters
}

// OnStreamRequest is called before the cache looks for an answer.
func (v *versions) OnStreamRequest(_ int64, request *discovery.DiscoveryRequest) error {
	node := request.GetNode().GetId()
	v.mutex.Lock()
	defer v.mutex.Unlock()
	isAcknowledgement := request.GetResponseNonce() != ""
	if v.current[node] == 0 || (v.endless && isAcknowledgement) {
		return v.advance(node)
	}
	return nil
}

func (v *versions) advance(node string) error {
	v.current[node]++
	snapshot, err := cache.NewSnapshot(fmt.Sprint(v.current[node]),
		map[resource.Type][]types.Resource{resource.ClusterType: v.clusters})
	if err != nil {
		return err
	}
	return v.cache.SetSnapshot(context.Background(), node, snapshot)
}

func (v *versions) pushEvery(ctx context.Context, interval time.Duration) {
	if interval == 0 {
		return
	}
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			v.advanceAll()
		}
	}
}

func (v *versions) advanceAll() {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	for node := range v.current {
		if err := v.advance(node); err != nil {
			panic(err)
		}
	}
}

// nodeOf names a client to the cache.
func nodeOf(number int) *core.Node {
	return &core.Node{Id: fmt.Sprintf("sidecar~10.0.0.%d~pod-%d.default~default.svc.cluster.local", number%256, number)}
}
