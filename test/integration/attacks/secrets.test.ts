import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uriOf } from '../../../src/cli/sandbox-fixtures.ts';
import { makeKeyAndRequest } from '../../../src/cli/workload.ts';
import { httpbinFoo, RunningMesh } from '../../support/running-mesh.ts';

// What held: nothing that a caller proves itself by is to be read in what we write.

let mesh: RunningMesh;
let csrPem: string;
const tokens: string[] = [];

beforeAll(async () => {
  mesh = await RunningMesh.start();
  ({ csrPem } = await makeKeyAndRequest(uriOf(httpbinFoo), 'ecdsa-p256'));
  const good = mesh.tokenOf(httpbinFoo);
  const elsewhere = mesh.sandbox.token({ ...httpbinFoo, audiences: ['vault'], pod: 'httpbin-1' });
  const forged = `${good.slice(0, good.lastIndexOf('.'))}.${'A'.repeat(86)}`;
  tokens.push(good, elsewhere, forged, 'no token at all but a secret');
  for (const token of tokens) await mesh.statusOf({ token, csrPem });
  await mesh.statusOf({ token: good, csrPem: csrPem.replace('MI', 'XX') });
  await mesh.statusOf({ token: good, csrPem, certSigner: 'bar' });
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

/** What is too long to stand anywhere by chance, of each of its parts. */
function partsOf(secret: string): readonly string[] {
  return secret.split(/[.\n]/).filter((part) => part.length > 20);
}

async function written(): Promise<string> {
  const audit = await readFile(join(mesh.directory, 'audit.jsonl'), 'utf8');
  const metrics = await fetch(`http://${mesh.app.monitoringAddress}/metrics`);
  return `${JSON.stringify(mesh.log.lines)}${audit}${await metrics.text()}`;
}

describe('log, audit file and metrics', () => {
  it('tell of each request', async () => {
    const audit = await readFile(join(mesh.directory, 'audit.jsonl'), 'utf8');

    expect(audit.match(/"kind":"decision"/g)).toHaveLength(tokens.length + 2);
  });

  it('hold no part of a token', async () => {
    const text = await written();

    for (const part of tokens.flatMap(partsOf)) expect(text).not.toContain(part);
  });

  it('hold no certificate request', async () => {
    const text = await written();

    const lines = partsOf(csrPem).filter((line) => !line.startsWith('-----'));
    for (const line of lines) expect(text).not.toContain(line);
  });
});
