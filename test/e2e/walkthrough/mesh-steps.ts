import assert from 'node:assert/strict';
import { secondsSince, type Step } from '../runner/suite.ts';
import { deploy } from './workloads.ts';
import { gateway, workloads, type World } from './world.ts';

/** Steps 2 and 3: mesh config, istio-ra itself, and the workloads. */
export function meshSteps(world: World): Step[] {
  return [
    {
      name: '2.1 mesh config and ProxyConfigs name the signers',
      foundation: true,
      run: async (show) => {
        await world.document.run('mesh-config');
        await world.document.run('proxy-configs');
        for (const namespace of ['foo', 'bar']) {
          const signer = await proxyConfigSigner(world, namespace);
          assert.equal(signer, namespace);
          show(`ProxyConfig of ${namespace}: ISTIO_META_CERT_SIGNER ${signer}`);
        }
      },
    },
    {
      name: '2.2 istio-ra serves from its bundle, as its own account, with a certificate of istio-system',
      foundation: true,
      run: async (show) => {
        await world.document.run('serving-certificate');
        await world.document.run('account');
        const start = performance.now();
        world.ra = await world.startRa('istio-ra');
        const memory = process.platform === 'linux' ? `, ${world.ra.residentMiB()} MiB` : '';
        show(`/ready 200 after ${secondsSince(start)} s, pid ${world.ra.pid}${memory}`);
      },
    },
    {
      name: '3.1 httpbin and sleep in foo and bar, and a gateway, have tokens for istio-ca, bound to their Pods',
      foundation: true,
      run: async (show) => {
        await world.document.run('workloads');
        for (const workload of [...workloads, gateway]) {
          const claims = await deploy(world, workload);
          assert.deepEqual(claims.aud, ['istio-ca']);
          show(`${claims.sub}, aud ${claims.aud.join()}, pod ${claims.pod ?? 'none'}`);
        }
      },
    },
  ];
}

async function proxyConfigSigner(world: World, namespace: string): Promise<string> {
  const path = 'jsonpath={.spec.environmentVariables.ISTIO_META_CERT_SIGNER}';
  return world.controlPlane.kubectl.run(
    ...['get', 'proxyconfig', 'signer', '-n', namespace, '-o', path],
  );
}
