import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import type { ContractServer } from './contract-server.ts';
import { readKubeconfig } from './kubeconfig.ts';

/** A sandbox of this test file's own. */
export async function openSandboxServer(): Promise<ContractServer> {
  const bookmarkIntervalMs = 200;
  const sandbox = await startSandbox({ clock: systemClock, log: silentLogger, bookmarkIntervalMs });
  return {
    kind: 'sandbox',
    ...(await readKubeconfig(sandbox.kubeconfig('admin'))),
    grant: ({ namespace, name }, rules) => {
      sandbox.setRules({ namespace, serviceAccount: name }, rules);
      return Promise.resolve();
    },
    compact: () => {
      sandbox.forgetHistory();
      return Promise.resolve();
    },
    ancientVersion: () => {
      sandbox.forgetHistory();
      return Promise.resolve('1');
    },
    expiredToken: ({ namespace, name }) => {
      const audiences = ['istio-ca'];
      const order = { namespace, serviceAccount: name, audiences, expirationSeconds: -60 };
      return Promise.resolve(sandbox.token(order));
    },
    stop: () => sandbox.stop(),
  };
}
