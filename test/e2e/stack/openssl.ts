import assert from 'node:assert/strict';
import { mustRun, runCommand } from './run-command.ts';

/** The files of one workload's certificate. */
export interface IdentityFiles {
  readonly key: string;
  /** The leaf first; whatever follows may help to a root. */
  readonly chain: string;
}

export interface ExpectedLeaf {
  readonly identity: string;
  /** File of the only root that may verify it. */
  readonly rootFile: string;
  readonly lifetimeSeconds: number;
}

/** What openssl reads in a leaf certificate. */
export interface LeafFacts {
  readonly issuer: string;
  readonly subject: string;
  readonly names: string;
  readonly keyUsage: string;
  readonly extendedKeyUsage: string;
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Clocks differ, and cert-manager takes a moment. */
const lifetimeSlackSeconds = 120;

/**
 * Has openssl check that a leaf is what a workload asked for: path to the root for both roles, its
 * own key, its one name, usages, lifetime. Throws an assertion error otherwise.
 */
export async function checkLeaf(files: IdentityFiles, expected: ExpectedLeaf): Promise<LeafFacts> {
  for (const purpose of ['sslserver', 'sslclient']) {
    await mustRun('openssl', verifyArgs(files.chain, expected.rootFile, purpose));
  }
  const facts = await readLeaf(files.chain);
  assert.equal(facts.names, `URI:${expected.identity}`, 'the one name');
  assert.equal(facts.issuer, await rootSubject(expected.rootFile), 'issuer');
  assert.equal(facts.keyUsage, 'Digital Signature, Key Encipherment', 'key usage');
  assert.deepEqual(
    facts.extendedKeyUsage.split(', ').sort(),
    ['TLS Web Client Authentication', 'TLS Web Server Authentication'],
    'extended key usage',
  );
  const lifetime = (facts.notAfter.getTime() - facts.notBefore.getTime()) / 1000;
  assert.ok(
    Math.abs(lifetime - expected.lifetimeSeconds) <= lifetimeSlackSeconds,
    `lifetime ${lifetime} s is not about ${expected.lifetimeSeconds} s`,
  );
  const certified = await mustRun('openssl', ['x509', '-in', files.chain, '-noout', '-pubkey']);
  const own = await mustRun('openssl', ['pkey', '-in', files.key, '-pubout']);
  assert.equal(certified, own, 'the public key is that of the private key');
  return facts;
}

/** Whether openssl finds a path from a leaf to a root. */
export async function leadsTo(rootFile: string, chainFile: string): Promise<boolean> {
  const { code } = await runCommand('openssl', verifyArgs(chainFile, rootFile, 'sslserver'));
  return code === 0;
}

/** Subject, and end, of the certificate in a file. */
export async function describeRoot(rootFile: string): Promise<string> {
  const notAfter = await field(rootFile, '-enddate');
  return `${await rootSubject(rootFile)}, until ${new Date(notAfter).toISOString().slice(0, 10)}`;
}

/** One line for the report. */
export function describeLeaf(facts: LeafFacts): string {
  const hours = (facts.notAfter.getTime() - facts.notBefore.getTime()) / 3_600_000;
  return `issuer ${facts.issuer}; SAN ${facts.names}; ${hours.toFixed(1)} h; serial ${facts.serial.slice(0, 12)}`;
}

/** Reads the first certificate of a file. */
async function readLeaf(file: string): Promise<LeafFacts> {
  const [issuer, subject, serial, notBefore, notAfter] = await Promise.all(
    ['-issuer', '-subject', '-serial', '-startdate', '-enddate'].map((flag) => field(file, flag)),
  );
  const names = await extension(file, 'subjectAltName');
  return {
    issuer: issuer ?? '',
    subject: subject ?? '',
    serial: serial ?? '',
    notBefore: new Date(notBefore ?? ''),
    notAfter: new Date(notAfter ?? ''),
    names,
    keyUsage: await extension(file, 'keyUsage'),
    extendedKeyUsage: await extension(file, 'extendedKeyUsage'),
  };
}

function verifyArgs(chainFile: string, rootFile: string, purpose: string): string[] {
  const trust = ['-no-CApath', '-CAfile', rootFile, '-untrusted', chainFile];
  return ['verify', ...trust, '-purpose', purpose, chainFile];
}

async function rootSubject(rootFile: string): Promise<string> {
  return field(rootFile, '-subject');
}

/** What follows `name=` in openssl's answer. */
async function field(file: string, flag: string): Promise<string> {
  const args = ['x509', '-in', file, '-noout', '-nameopt', 'RFC2253', flag];
  return (await mustRun('openssl', args)).replace(/^\w+=/, '').trim();
}

/** The text of an extension, without its title line. */
async function extension(file: string, name: string): Promise<string> {
  const printed = await mustRun('openssl', ['x509', '-in', file, '-noout', '-ext', name]);
  return printed.split('\n').slice(1).join(' ').trim();
}
