import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isForbidden } from '../../src/kube/api-error.ts';
import type { KubernetesApi } from '../../src/kube/client-node/connect-kubernetes.ts';
import { connectAdapters } from './support/adapters.ts';
import { ContractWorld, metadataOf, nameOf } from './support/contract-world.ts';
import type { Json } from './support/raw-api.ts';

const eventsPath = '/api/v1/namespaces/default/events';

let world: ContractWorld;
let kubernetes: KubernetesApi;
let deadline: AbortSignal;

beforeAll(async () => {
  world = await ContractWorld.open();
  const rules = [{ apiGroups: [''], resources: ['events'], verbs: ['list'] }];
  kubernetes = await connectAdapters(world.server, (await world.account(rules)).token);
});

afterAll(async () => {
  await kubernetes.close();
  await world[Symbol.asyncDispose]();
});

beforeEach(() => {
  deadline = AbortSignal.timeout(10_000);
});

/** As a signer's event recorder writes it about an object that lives in no namespace. */
function anEvent(csr: Json, reason: string, lastTimestamp: string): Json {
  const { name, uid } = metadataOf(csr);
  return {
    metadata: { name: world.newName('event') },
    involvedObject: {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      ...{ name, uid },
    },
    ...{ reason, type: 'Warning', message: `${reason} it says`, lastTimestamp },
  };
}

describe('the events of a request', () => {
  it('are told by the newest one about that very object', async () => {
    const [csr, other] = [await world.createCsr(), await world.createCsr()];
    await world.create(eventsPath, anEvent(csr, 'Newer', '2026-01-01T00:00:02Z'));
    await world.create(eventsPath, anEvent(csr, 'Older', '2026-01-01T00:00:01Z'));
    await world.create(eventsPath, anEvent(other, 'Other', '2026-01-01T00:00:03Z'));
    const request = { name: nameOf(csr), uid: String(metadataOf(csr)['uid']) };
    await expect(kubernetes.requestEvents.latest(request, deadline)).resolves.toBe(
      'Newer: Newer it says',
    );
  });

  it('are undefined where there are none', async () => {
    const request = { name: 'absent', uid: 'absent' };
    await expect(kubernetes.requestEvents.latest(request, deadline)).resolves.toBeUndefined();
  });
});

describe('the state of an issuer', () => {
  it('is not told without the right to read it', async () => {
    const reading = kubernetes.issuerStatuses.read('clusterissuers.cert-manager.io/foo', deadline);
    await expect(reading.catch(isForbidden)).resolves.toBe(true);
  });
});
