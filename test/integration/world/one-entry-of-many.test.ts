import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/base/clock.ts';
import { signerDomain } from '../../../src/cli/sandbox-fixtures.ts';
import { encodePem } from '../../../src/pki/pem.ts';
import { commonName, utcTime, writeCertificate } from '../../support/certificate-writer.ts';
import { storedKey, spkiOf } from '../../support/csr-writer.ts';
import * as der from '../../support/der-writer.ts';
import { RunningMesh } from '../../support/running-mesh.ts';
import { TestAuthority } from '../../support/test-authority.ts';

// One kind: an entry of one tenant decides for all. A caCertificates entry that cannot be used makes
// the whole mesh config unusable: running replicas keep the last good one, and the next restart ends
// the authority for everybody. It is to cost its own signer, as a signer without roots is.

/** An X.509 v1 certificate, which knows no extensions: Go and OpenSSL take one for a root. */
function versionOneRoot(): string {
  const key = storedKey('ec-p256');
  const year = new Date(systemClock.now()).getUTCFullYear() % 100;
  const certificate = writeCertificate({
    ...{ version: new Uint8Array(), optionalFields: [], issuerKey: key, spki: spkiOf(key) },
    ...{ issuer: commonName('v1'), subject: commonName('v1'), serialNumber: der.integer(1) },
    notBefore: utcTime(`${year - 1}0101000000Z`),
    notAfter: utcTime(`${year + 5}0101000000Z`),
  });
  return encodePem('CERTIFICATE', certificate);
}

async function manyRoots(count: number): Promise<string> {
  const names = Array.from({ length: count }, (_, at) => `root ${at}`);
  const roots = await Promise.all(names.map((name) => TestAuthority.make(name, systemClock.now())));
  return roots.map(({ certificatePem }) => certificatePem).join('');
}

/** As entry 3, behind those of the three signers of the sandbox. */
function entry(key: string, text: string): string {
  const value = text.includes('\n') ? `|\n${text.trimEnd().replace(/^/gm, '      ')}` : text;
  return `  - ${key}: ${value}\n    certSigners:\n      - ${signerDomain}/odd\n`;
}

const entries: readonly (readonly [string, () => Promise<string> | string])[] = [
  ['has a root that is X.509 v1', () => entry('pem', versionOneRoot())],
  [
    'has a PEM block that is no certificate',
    () => entry('pem', encodePem('CERTIFICATE', Buffer.from('no certificate'))),
  ],
  ['has seventeen roots', async () => entry('pem', await manyRoots(17))],
  ['has a spiffeBundleUrl that is no URL', () => entry('spiffeBundleUrl', 'bundles of foo')],
];

async function startWith(make: () => Promise<string> | string): Promise<RunningMesh> {
  const added = await make();
  return RunningMesh.start({ meshConfig: (text) => `${text}${added}` });
}

describe('an entry of caCertificates that cannot be used', () => {
  // Cases 06 and 17.
  it.failing.each(entries)('leaves the other tenants alone when it %s', async (_what, make) => {
    await using mesh = await startWith(make);

    await expect(mesh.statusOf()).resolves.toBe('OK');
  });

  it.failing('is named in the log, with the signer that it costs', async () => {
    await using mesh = await startWith(() => entry('spiffeBundleUrl', 'bundles of foo'));
    const log = JSON.stringify(mesh.log.lines);

    expect(log).toContain('caCertificates[3]');
    expect(log).toContain(`${signerDomain}/odd`);
  });

  it('is one that is good all the same when it has sixteen roots', async () => {
    const sixteen = await manyRoots(16);
    await using mesh = await startWith(() => entry('pem', sixteen));

    await expect(mesh.statusOf()).resolves.toBe('OK');
  });
});
