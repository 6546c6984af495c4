import { describe, expect, it } from '@jest/globals';
import { startAuthorization } from '../../../src/app/authorization.ts';
import { StartStack } from '../../../src/base/start-stack.ts';
import type { RaConfig } from '../../../src/config/ra-config.ts';
import { KubeApiError } from '../../../src/kube/api-error.ts';
import type { KubernetesApi } from '../../../src/kube/client-node/connect-kubernetes.ts';
import type { ResourceList, ResourceSource } from '../../../src/kube/resource-source.ts';
import { Watches } from '../../../src/kube/watches.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { aMesh } from '../../support/orders.ts';
import { thrownBy } from '../../support/thrown-by.ts';

const config = {
  signerDomain: 'clusterissuers.cert-manager.io',
  defaultSigner: undefined,
  signerPolicyPath: undefined,
  proxyConfigs: 'watch',
  trustedNodeAccounts: [],
} as unknown as RaConfig;

function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

/** A Kubernetes whose ProxyConfigs are listed as `list` says, and then never change. */
function aKubernetes(list: () => Promise<ResourceList<never>>): KubernetesApi {
  const source = {
    resource: 'proxyconfigs',
    list,
    watch: async function* () {
      yield { kind: 'heartbeat' } as const;
      await never<undefined>();
    },
  } as ResourceSource<never>;
  return { proxyConfigSource: () => source } as unknown as KubernetesApi;
}

async function started(list: () => Promise<ResourceList<never>>) {
  const stack = new StartStack();
  const context = {
    clock: new FakeClock(),
    random: () => 0.5,
    log: new RecordingLogger(),
    started: stack,
  };
  const assignment = await startAuthorization({
    config,
    kubernetes: aKubernetes(list),
    mesh: { current: () => aMesh() },
    watches: new Watches(context),
    context,
  });
  await settle();
  return { inputSource: assignment.inputSource, stop: () => stack.stop() };
}

describe('startAuthorization', () => {
  it('decides nothing before the ProxyConfigs are known: a weaker source would win', async () => {
    const { inputSource, stop } = await started(never);
    expect(thrownBy(() => inputSource.current())).toMatchObject({ code: 'NOT_READY' });
    await stop();
  });

  it('decides nothing while it may not read ProxyConfigs', async () => {
    const forbidden = new KubeApiError('no', {
      status: 403,
      reason: 'Forbidden',
      verb: 'list',
      resource: 'proxyconfigs',
    });
    const { inputSource, stop } = await started(() => Promise.reject(forbidden));
    expect(thrownBy(() => inputSource.current())).toMatchObject({ code: 'NOT_READY' });
    await stop();
  });

  it('decides once they are', async () => {
    const { inputSource, stop } = await started(() =>
      Promise.resolve({ items: [], resourceVersion: '1' }),
    );
    expect(inputSource.current().settings.rootNamespace).toBe('istio-system');
    await stop();
  });
});
