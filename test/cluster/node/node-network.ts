import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeNamespaces } from './node-namespaces.ts';

/** Addresses that exist in the node's network namespace and nowhere else. */
export const addresses = {
  node: '10.77.0.1',
  podRange: '10.78.0.0/16',
  serviceRange: '10.96.0.0/16',
  /** The Service `kubernetes`, which is the first address of the range. */
  kubernetesService: '10.96.0.1',
} as const;

/**
 * A bridge carries the node's address, since not every kernel has a dummy device. Services need a route,
 * though their addresses are rewritten before a packet leaves. There is no default route: a pull of an
 * image that is not there fails at once in place of hanging.
 */
const configure = `set -eu
ip link set lo up
ip link add node0 type bridge
ip address add ${addresses.node}/24 dev node0
ip link set node0 up
ip route add ${addresses.serviceRange} dev node0
echo 1 > /proc/sys/net/ipv4/ip_forward
# Traffic between two pods of one bridge passes the rules of Services as well.
echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables`;

/** Gives the node its addresses, and pods theirs by a CNI configuration; returns that one's folder. */
export async function configureNetwork(namespaces: NodeNamespaces, dir: string): Promise<string> {
  await namespaces.run('sh', ['-c', configure]);
  const folder = join(dir, 'cni');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, '10-pods.conflist'), JSON.stringify(podNetwork, undefined, 2));
  return folder;
}

const podNetwork = {
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'pods0',
      isGateway: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: '/run/cni',
        ranges: [[{ subnet: addresses.podRange }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
  ],
};
