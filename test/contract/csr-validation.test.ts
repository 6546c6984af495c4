import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContractWorld, csrsPath } from './support/contract-world.ts';
import { outcomeOf, subjectOf } from './support/outcome.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';

let world: ContractWorld;

beforeAll(async () => {
  world = await ContractWorld.open();
});

afterAll(() => world[Symbol.asyncDispose]());

function post(spec: Json): Promise<RawAnswer> {
  return world.admin.send({ method: 'POST', path: csrsPath, body: world.csrBody(spec) });
}

function base64(bytes: string | Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
}

function pemOf(der: Uint8Array): string {
  const lines = base64(der).match(/.{1,64}/g) ?? [];
  const label = 'CERTIFICATE REQUEST';
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function withBrokenSignature(pem: string): string {
  const der = derOf(pem);
  const last = der.length - 1;
  der.writeUInt8(der.readUInt8(last) ^ 1, last);
  return pemOf(der);
}

type Change = (pem: string) => string;

describe('spec.request', () => {
  it.each<[string, Change]>([
    ['ends its lines with CR LF', (pem) => pem.replaceAll('\n', '\r\n')],
    ['has text before the block', (pem) => `before\n${pem}`],
    ['has text after the block', (pem) => `${pem}after\n`],
    ['has a second block', (pem) => pem + pem],
    ['has PEM headers', (pem) => pem.replace('-----\n', '-----\nA: b\n\n')],
  ])('is taken where it %s', async (_, change) => {
    expect(outcomeOf(await post({ request: base64(change(world.requestPem)) }))).toBe('201');
  });

  it.each<[string, Change]>([
    ['is no PEM', () => 'hello'],
    ['is of type CERTIFICATE', (pem) => pem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')],
    ['is of type NEW CERTIFICATE REQUEST', (pem) => pem.replaceAll('CERT', 'NEW CERT')],
    ['is no PKCS#10', () => pemOf(Buffer.from('30030201', 'hex'))],
    ['has bytes after the DER', (pem) => pemOf(Buffer.concat([derOf(pem), Buffer.from([0])]))],
    ['has a wrong signature', withBrokenSignature],
  ])('is invalid where it %s', async (_, change) => {
    const answer = await post({ request: base64(change(world.requestPem)) });
    expect(outcomeOf(answer)).toBe('422 Invalid spec.request=Invalid');
    expect(subjectOf(answer)).toMatchObject({
      group: 'certificates.k8s.io',
      kind: 'CertificateSigningRequest',
    });
  });

  it.each<[string, unknown, string]>([
    ['missing', undefined, '422 Invalid spec.request=Invalid'],
    ['null', null, '422 Invalid spec.request=Invalid'],
    ['empty', '', '422 Invalid spec.request=Invalid'],
    ['a list of bytes', [1, 2], '422 Invalid spec.request=Invalid'],
    ['no base64', '%%%', '400 BadRequest'],
    ['base64 for URLs', 'ab-_', '400 BadRequest'],
    ['base64 without padding', 'abc', '400 BadRequest'],
    ['a number', 5, '400 BadRequest'],
  ])('is refused where it is %s', async (_, request, outcome) => {
    expect(outcomeOf(await post({ request }))).toBe(outcome);
  });

  it('is stored without the line breaks of its base64', async () => {
    const text = base64(world.requestPem);
    const answer = await post({ request: `${text.slice(0, 40)}\n${text.slice(40)}` });
    expect((answer.json['spec'] as Json)['request']).toBe(text);
  });
});

const longestDomain = [63, 63, 63, 61].map((length) => 'a'.repeat(length)).join('.');
const longestPath = `${'n'.repeat(63)}.${'c'.repeat(253)}`;

describe('spec.signerName', () => {
  it.each([
    ['of a ClusterIssuer', 'clusterissuers.cert-manager.io/foo'],
    ['of an Issuer', 'issuers.cert-manager.io/foo.own'],
    ['with dots in the path', 'a.b/c.d.e'],
    ['with digits only', '1.2/3'],
    ['with a label of 63 in the domain', `${'a'.repeat(63)}.b/c`],
    ['with a path of 253', `a.b/${'c'.repeat(253)}`],
    ['with a namespace of 63 and a name of 253', `a.b/${longestPath}`],
    ['of 571 characters', `${longestDomain}/${longestPath}`],
  ])('is taken: one %s', async (_, signerName) => {
    expect(outcomeOf(await post({ signerName }))).toBe('201');
  });

  it.each([
    ['is missing', undefined, 'Required'],
    ['is empty', '', 'Required'],
    ['has no slash', 'abc', 'Invalid'],
    ['has two slashes', 'a.b/c/d', 'Invalid'],
    ['has capitals in the domain', 'A.b/c', 'Invalid'],
    ['has an underscore in the domain', 'a_b.c/d', 'Invalid'],
    ['has capitals in the path', 'a.b/C', 'Invalid'],
    ['has an underscore in the path', 'a.b/c_d', 'Invalid'],
    ['has an empty path', 'a.b/', 'Invalid'],
    ['has an empty label in the path', 'a.b/c..d', 'Invalid'],
    ['has an empty label in the domain', 'a..b/c', 'Invalid'],
    ['has a domain of one label', 'ab/c', 'Invalid'],
    ['begins with a hyphen', '-a.b/c', 'Invalid'],
    ['has a domain that ends with a hyphen', 'a.b-/c', 'Invalid'],
    ['has a space', 'a.b/ c', 'Invalid'],
    ['has a letter beyond ASCII', 'a.b/é', 'Invalid'],
    ['ends with a line break', 'a.b/c\n', 'Invalid'],
    ['has a label of 64 in the domain', `${'a'.repeat(64)}.b/c`, 'Invalid'],
    ['has a path of 254', `a.b/${'c'.repeat(254)}`, 'Invalid'],
    ['is 572 characters long', `${longestDomain}/${longestPath}.d`, 'TooLong'],
    ['is that of the legacy signer', 'kubernetes.io/legacy-unknown', 'Invalid'],
  ])('is refused where it %s', async (_, signerName, why) => {
    const answer = await post({ signerName });
    expect(outcomeOf(answer)).toBe(`422 Invalid spec.signerName=${why}`);
  });

  it('is refused twice where the domain is empty', async () => {
    const field = 'spec.signerName=Invalid';
    expect(outcomeOf(await post({ signerName: '/c' }))).toBe(`422 Invalid ${field} ${field}`);
  });

  it('is refused where it is a number', async () => {
    expect(outcomeOf(await post({ signerName: 3 }))).toBe('400 BadRequest');
  });
});

describe('spec.usages', () => {
  it.each<[string, unknown, string]>([
    ['are missing', undefined, '422 Invalid spec.usages=Required'],
    ['are none', [], '422 Invalid spec.usages=Required'],
    ['are null', null, '422 Invalid spec.usages=Required'],
    ['have one unknown', ['client auth', 'fly'], '422 Invalid spec.usages[1]=NotSupported'],
    ['are in capitals', ['Client Auth'], '422 Invalid spec.usages[0]=NotSupported'],
    ['have an empty one', [''], '422 Invalid spec.usages[0]=NotSupported'],
    [
      'have one three times',
      ['any', 'any', 'any'],
      '422 Invalid spec.usages[1]=Duplicate spec.usages[2]=Duplicate',
    ],
    ['are a text', 'client auth', '400 BadRequest'],
    ['are numbers', [1], '400 BadRequest'],
  ])('are refused where they %s', async (_, usages, outcome) => {
    expect(outcomeOf(await post({ usages }))).toBe(outcome);
  });
});

describe('spec.expirationSeconds', () => {
  it.each([600, 2_147_483_647])('is taken: %d', async (expirationSeconds) => {
    const { json } = await post({ expirationSeconds });
    expect(json['spec']).toMatchObject({ expirationSeconds });
  });

  it('is as good as absent where it is null', async () => {
    const { json } = await post({ expirationSeconds: null });
    expect(json['spec']).not.toHaveProperty('expirationSeconds');
  });

  it.each<[unknown, string]>([
    [599, '422 Invalid spec.expirationSeconds=Invalid'],
    [0, '422 Invalid spec.expirationSeconds=Invalid'],
    [-1, '422 Invalid spec.expirationSeconds=Invalid'],
    [2_147_483_648, '400 BadRequest'],
    [600.5, '400 BadRequest'],
    ['600', '400 BadRequest'],
  ])('is refused: %p', async (expirationSeconds, outcome) => {
    expect(outcomeOf(await post({ expirationSeconds }))).toBe(outcome);
  });
});

describe('a spec', () => {
  it('is refused with everything that is wrong in it', async () => {
    const spec = { request: base64('x'), signerName: 'x', usages: [], expirationSeconds: 1 };
    expect(outcomeOf(await post(spec))).toBe(
      '422 Invalid spec.request=Invalid spec.usages=Required spec.signerName=Invalid spec.expirationSeconds=Invalid',
    );
  });

  it('is refused where it is a text', async () => {
    const body = { ...world.csrBody(), spec: 'x' };
    const answer = await world.admin.send({ method: 'POST', path: csrsPath, body });
    expect(outcomeOf(answer)).toBe('400 BadRequest');
  });
});
