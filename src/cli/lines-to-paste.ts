import { servingName } from './sandbox-fixtures.ts';
import type { Styler } from './terminal.ts';

const method = 'istio.v1.auth.IstioCertificateService/CreateCertificate';

/** Commands that work as they are from the folder in which the sandbox was started. */
export function linesToPaste(options: {
  readonly directory: string;
  readonly address: string;
  readonly styled: Styler;
}): string {
  const { directory, address, styled } = options;
  const grpcurl = [
    `grpcurl -cacert ${directory}/root.pem -servername ${servingName} \\`,
    `  -H "authorization: Bearer $(cat ${directory}/tokens/foo-httpbin)" \\`,
    `  -d @ ${address} ${method} < ${directory}/request.json`,
  ];
  const kubectl = [`kubectl --kubeconfig ${directory}/kubeconfig get csr -w`];
  const request = [
    `npm run --silent istio-ra -- request --address ${address} \\`,
    `  --root ${directory}/root.pem --server-name ${servingName} \\`,
    `  --token ${directory}/tokens/foo-httpbin --signer foo`,
  ];
  const block = (title: string, lines: readonly string[]): string =>
    `\n  ${styled('dim', `# ${title}`)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
  return [
    `\n${styled('bold', 'Try it from another terminal')}\n`,
    block('a certificate for httpbin in foo, by grpcurl', grpcurl),
    block('certificate requests as they come and go', kubectl),
    block('the same as a sidecar does it, with our own client', request),
    `\n${styled('dim', 'Ctrl-C ends it.')}\n`,
  ].join('');
}
