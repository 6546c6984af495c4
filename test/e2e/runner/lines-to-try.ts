import { relative } from 'node:path';
import type { Envoys } from '../walkthrough/traffic-steps.ts';
import { serverName, type World } from '../walkthrough/world.ts';

const method = 'istio.v1.auth.IstioCertificateService/CreateCertificate';

/** Commands that work as they are from the folder in which the stack was started. */
export function linesToTry(world: World, envoys: Envoys): string {
  const at = (...parts: readonly string[]): string =>
    relative(process.cwd(), world.path(...parts)) || '.';
  const token = at('pod-tokens', 'foo', 'httpbin');
  return [
    '\nThe stack stays up until `make e2e-down`. Its certificates last for 24 hours.\n',
    '# the cluster, as an administrator; requests as they come and go',
    `export KUBECONFIG=$PWD/${at('kubeconfig')} PATH=$PWD/${at('bin')}:$PATH`,
    'kubectl get csr -w',
    '\n# a certificate for httpbin in foo, by our own client',
    `istio-ra request --address ${world.ra.address} --root ${at('roots', 'istio-system.pem')} \\`,
    `  --server-name ${serverName} --token ${token} --signer foo`,
    '\n# the same by grpcurl',
    `grpcurl -cacert ${at('roots', 'istio-system.pem')} -servername ${serverName} \\`,
    `  -import-path proto -proto ca.proto -H "authorization: Bearer $(cat ${token})" \\`,
    `  -d @ ${world.ra.address} ${method} < ${at('by-hand.json')}`,
    ...trafficLines(envoys),
    '\n# what istio-ra and the others say',
    `tail -f ${at('..', 'logs', 'istio-ra.log')}`,
  ].join('\n');
}

function trafficLines(envoys: Envoys): readonly string[] {
  const client = envoys.get('sleep.foo');
  if (client === undefined) return [];
  const url = `http://127.0.0.1:${client.port}/`;
  return [
    '\n# through the Envoy of sleep.foo: 200, then 503 on the certificate',
    `curl -i -H 'host: httpbin.foo' ${url}`,
    `curl -i -H 'host: httpbin.bar' ${url}`,
    `curl -s http://127.0.0.1:${client.adminPort}/stats | grep fail_verify_error`,
  ];
}
