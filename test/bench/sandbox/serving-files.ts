import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { makeKeyAndRequest } from '../../../src/cli/workload.ts';
import { TestAuthority } from '../../support/test-authority.ts';

export const servingName = 'istiod.istio-system.svc';

/** tls.crt, tls.key and root.pem for a server under the name of istiod. */
export async function writeServingFiles(folder: string): Promise<void> {
  const now = systemClock.now();
  const root = await TestAuthority.make('serving root', now);
  const { privateKeyPem, spkiDer } = await makeKeyAndRequest(
    'spiffe://none/ns/a/sa/b',
    'ecdsa-p256',
  );
  const certificatePem = await root.sign({
    subject: {},
    spkiDer,
    notBefore: now - 60_000,
    notAfter: now + 86_400_000,
    isCa: false,
    keyUsages: ['digitalSignature'],
    extendedKeyUsages: ['serverAuth'],
    uris: [],
    dnsNames: [servingName],
  });
  writeFileSync(join(folder, 'tls.crt'), certificatePem);
  writeFileSync(join(folder, 'tls.key'), privateKeyPem, { mode: 0o600 });
  writeFileSync(join(folder, 'root.pem'), root.certificatePem);
}
