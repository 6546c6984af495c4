import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { signerDomain, uriOf } from '../../src/cli/sandbox-fixtures.ts';
import type { SampleWorkload } from '../../src/cli/sandbox-fixtures.ts';
import { makeKeyAndRequest } from '../../src/cli/workload.ts';
import type { KeyAndRequest } from '../../src/cli/workload.ts';
import type { CertificateTemplate } from '../../src/pki/certificate-builder.ts';
import type { CertificateCall } from '../../src/server/certificate-client.ts';
import { httpbinFoo, RunningMesh } from '../support/running-mesh.ts';
import { TestAuthority } from '../support/test-authority.ts';

const vm: SampleWorkload = { namespace: 'bar', serviceAccount: 'vm' };
const hour = 3_600_000;
const env = { CLIENT_CERT_IDENTITIES: `ns/bar/*, ${uriOf(httpbinFoo)}` };

interface Proof {
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
}

let mesh: RunningMesh;
let key: KeyAndRequest;
/** The authorities behind signers foo and bar, beside those of the sandbox. */
let foo: TestAuthority;
let bar: TestAuthority;

beforeAll(async () => {
  const now = Date.now();
  [foo, bar] = [await TestAuthority.make('foo', now), await TestAuthority.make('bar', now)];
  key = await makeKeyAndRequest(uriOf(vm), 'ecdsa-p256');
});

function withRoot(text: string, { certificatePem }: TestAuthority, signer: string): string {
  const pem = certificatePem.trimEnd().replace(/^/gm, '      ');
  return `${text}  - pem: |\n${pem}\n    certSigners: [${signerDomain}/${signer}]\n`;
}

/** A mesh in whose config foo's authority certifies for foo, and bar's for bar. */
function start(
  options: { readonly env?: Record<string, string>; readonly barRoot?: TestAuthority } = {},
): Promise<RunningMesh> {
  const meshConfig = (text: string): string =>
    withRoot(withRoot(text, foo, 'foo'), options.barRoot ?? bar, 'bar');
  return RunningMesh.start({ env: options.env ?? env, meshConfig });
}

async function certificateOf(
  authority: TestAuthority,
  workload: SampleWorkload = vm,
  template: Partial<CertificateTemplate> = {},
): Promise<Proof> {
  const certificateChainPem = await authority.sign({
    subject: {},
    spkiDer: key.spkiDer,
    notBefore: Date.now() - hour,
    notAfter: Date.now() + hour,
    isCa: false,
    keyUsages: ['digitalSignature'],
    extendedKeyUsages: ['serverAuth', 'clientAuth'],
    uris: [uriOf(workload)],
    dnsNames: [],
    ...template,
  });
  return { certificateChainPem, privateKeyPem: key.privateKeyPem };
}

/** Asks by certificate, and without a token, for a certificate of the VM's own identity. */
function renew(
  proof: Proof,
  change: Partial<CertificateCall> = {},
  at = mesh,
): Promise<readonly string[]> {
  const { csrPem } = key;
  return at.requestWith(proof, { csrPem, validitySeconds: 3600, deadlineMs: 10_000, ...change });
}

async function statusOf(...call: Parameters<typeof renew>): Promise<string> {
  return renew(...call).then(
    () => 'OK',
    (error: unknown) => (error as { code: string }).code,
  );
}

function reasons(at = mesh): readonly unknown[] {
  const refusals = at.log.lines.filter(({ message }) => message === 'certificate refused');
  return refusals.map(({ fields }) => fields['reason']);
}

describe('a client certificate', () => {
  beforeAll(async () => {
    mesh = await start();
  });
  beforeEach(() => {
    mesh.sandbox.forgetCalls();
    mesh.log.lines.splice(0);
  });
  afterAll(async () => {
    await mesh[Symbol.asyncDispose]();
  });

  it("renews a VM's certificate without a token, from the signer of its namespace", async () => {
    const chain = await renew(await certificateOf(bar));

    expect(chain.at(-1)).toContain(mesh.rootOf('bar'));
    expect(mesh.sandbox.callCount('create', 'tokenreviews')).toBe(0);
  });

  it('that was got by token renews itself, over the intermediate that came with it', async () => {
    const workload = await makeKeyAndRequest(uriOf(httpbinFoo), 'ecdsa-p256');
    const { privateKeyPem, csrPem } = workload;
    const [leaf = '', intermediate = '', roots] = await mesh.request({ csrPem, certSigner: '' });
    const proof = { certificateChainPem: leaf + intermediate, privateKeyPem };

    await expect(renew(proof, { csrPem })).resolves.toMatchObject({ length: 3, 2: roots });
  });

  it("of bar's identity, minted by foo's authority, gets nothing", async () => {
    await expect(statusOf(await certificateOf(foo))).resolves.toBe('UNAUTHENTICATED');

    expect(mesh.sandbox.callCount('create', 'certificatesigningrequests')).toBe(0);
    expect(reasons()).toEqual(['client_certificate_no_path']);
  });

  it.each<[string, SampleWorkload, Partial<CertificateTemplate>, string]>([
    ['that has expired', vm, { notAfter: Date.now() - 1_000 }, 'expired'],
    [
      'of somebody who is not on the list',
      { namespace: 'foo', serviceAccount: 'sleep' },
      {},
      'not_allowed',
    ],
    ['for servers alone', vm, { extendedKeyUsages: ['serverAuth'] }, 'extended_key_usage'],
  ])('%s is refused', async (_case, workload, template, reason) => {
    const authority = workload === vm ? bar : foo;
    const proof = await certificateOf(authority, workload, template);

    await expect(statusOf(proof)).resolves.toBe('UNAUTHENTICATED');
    expect(reasons()).toEqual([`client_certificate_${reason}`]);
  });

  it('of an authority that nobody knows is refused', async () => {
    const evil = await TestAuthority.make('bar', Date.now());

    await expect(statusOf(await certificateOf(evil))).resolves.toBe('UNAUTHENTICATED');
  });

  it('gets no other identity than its own', async () => {
    const other = await makeKeyAndRequest(uriOf(httpbinFoo), 'ecdsa-p256');
    const proof = await certificateOf(bar);

    await expect(statusOf(proof, { csrPem: other.csrPem })).resolves.toBe('INVALID_ARGUMENT');
  });

  it('lets nobody act for others', async () => {
    const proof = await certificateOf(bar);

    await expect(statusOf(proof, { impersonatedIdentity: uriOf(vm) })).resolves.toBe(
      'UNAUTHENTICATED',
    );
  });

  it('helps where the token beside it is outdated', async () => {
    await expect(statusOf(await certificateOf(bar), { token: 'outdated' })).resolves.toBe('OK');
  });

  it('helps nobody while the token beside it cannot be judged', async () => {
    const proof = await certificateOf(bar);
    const down = mesh.sandbox.faults.api.set(
      { kind: 'status', status: 503 },
      { resource: 'tokenreviews' },
    );

    await expect(statusOf(proof, { token: 'a-token' })).resolves.toBe('UNAVAILABLE');
    down.clear();
  });

  it('does no harm beside a good token', async () => {
    const { csrPem } = await makeKeyAndRequest(uriOf(httpbinFoo), 'ecdsa-p256');
    const token = mesh.tokenOf(httpbinFoo);

    await expect(statusOf(await certificateOf(foo), { token, csrPem })).resolves.toBe('OK');
  });
});

describe('the authority of a tenant', () => {
  it('proves nobody where another signer certifies under it too', async () => {
    const shared = await start({ barRoot: foo });
    try {
      await expect(statusOf(await certificateOf(foo), {}, shared)).resolves.toBe('UNAUTHENTICATED');
      expect(reasons(shared)).toEqual(['client_certificate_shared_root']);
    } finally {
      await shared[Symbol.asyncDispose]();
    }
  });
});

describe('without CLIENT_CERT_IDENTITIES', () => {
  it('a client certificate proves nothing', async () => {
    const bare = await start({ env: {} });
    try {
      await expect(statusOf(await certificateOf(bar), {}, bare)).resolves.toBe('UNAUTHENTICATED');
      expect(reasons(bare)).toEqual(['credentials_missing']);
    } finally {
      await bare[Symbol.asyncDispose]();
    }
  });
});

describe('CLIENT_CERT_IDENTITIES', () => {
  it('that nobody can read keeps the authority from starting', async () => {
    const started = start({ env: { CLIENT_CERT_IDENTITIES: 'ns/bar/sa/*' } });

    await expect(started).rejects.toThrow(/CLIENT_CERT_IDENTITIES: "ns\/bar\/sa\/\*" is neither/);
  });
});
