import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uriOf } from '../../src/cli/sandbox-fixtures.ts';
import type { SampleWorkload } from '../../src/cli/sandbox-fixtures.ts';
import { buildCertificateRequest } from '../../src/pki/certificate-request-builder.ts';
import { generateKeyPair } from '../../src/pki/key-pair.ts';
import { httpbinFoo, RunningMesh } from '../support/running-mesh.ts';

const httpbinBar = { namespace: 'bar', serviceAccount: 'httpbin' };
let mesh: RunningMesh;

/** What the second of two workloads with one key gets, after the first was given a certificate. */
async function statusOfSecond(first: SampleWorkload, second: SampleWorkload): Promise<string> {
  const keyPair = await generateKeyPair('ecdsa-p256');
  const ask = async (workload: SampleWorkload): Promise<string> =>
    mesh.statusOf({
      csrPem: await buildCertificateRequest({
        ...{ keyPair, subject: 'empty', uris: [uriOf(workload)] },
      }),
      token: mesh.tokenOf(workload),
      certSigner: '',
    });
  await expect(ask(first)).resolves.toBe('OK');
  mesh.sandbox.forgetCalls();
  return ask(second);
}

async function auditedHolders(): Promise<readonly unknown[]> {
  const trail = await readFile(join(mesh.directory, 'audit.jsonl'), 'utf8');
  const lines = trail.trimEnd().split('\n');
  const parsed = lines.map((line) => JSON.parse(line) as { keyHeldBy?: string });
  return parsed.flatMap(({ keyHeldBy }) => keyHeldBy ?? []);
}

describe.each([
  ['where reuse is denied', 'true', 'PERMISSION_DENIED', 0],
  ['otherwise', 'false', 'OK', 1],
])("F61: another identity's key, %s", (_where, deny, status, created) => {
  beforeAll(async () => {
    mesh = await RunningMesh.start({ env: { DENY_KEY_REUSE: deny } });
  });
  afterAll(async () => {
    await mesh[Symbol.asyncDispose]();
  });

  it(`ends with ${status}, ${created} objects and the holder's name in the trail`, async () => {
    await expect(statusOfSecond(httpbinFoo, httpbinBar)).resolves.toBe(status);
    expect(mesh.sandbox.callCount('create', 'certificatesigningrequests')).toBe(created);
    await expect(auditedHolders()).resolves.toEqual([uriOf(httpbinFoo)]);
  });

  it('is no trouble when the same identity comes again with it', async () => {
    await expect(statusOfSecond(httpbinFoo, httpbinFoo)).resolves.toBe('OK');
  });
});
