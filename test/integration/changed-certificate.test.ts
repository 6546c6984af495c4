import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, RunningMesh } from '../support/running-mesh.ts';

let mesh: RunningMesh;
let answer: readonly string[];

async function changedLines(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const trail = await readFile(join(mesh.directory, 'audit.jsonl'), 'utf8');
  const lines = trail.split('\n').filter((line) => line.endsWith('}'));
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ kind }) => kind === 'changed');
}

describe('F41: a certificate that is replaced after it was there', () => {
  beforeAll(async () => {
    mesh = await RunningMesh.start();
    // Or the object would be gone before anybody could change it.
    mesh.sandbox.faults.api.set({ kind: 'slow', ms: 1_000 }, { verb: 'delete' });
    mesh.sandbox.faults.signer.set({ kind: 'changed-after-issue', afterMs: 200 }, { count: 1 });
    answer = await mesh.request();
    await eventually(() => mesh.sandbox.issued().length === 2);
  });
  afterAll(async () => {
    await mesh[Symbol.asyncDispose]();
  });

  it('does not change what the client was given: the first that was checked', () => {
    const [first, second] = mesh.sandbox.issued().map(({ certificatePem }) => certificatePem);
    expect(first).toContain(answer[0]);
    expect(second).not.toContain(answer[0]);
  });

  it('is told in the trail, with the request and the object that it was for', async () => {
    await eventually(async () => (await changedLines()).length > 0);
    const [object] = mesh.sandbox.issued();
    await expect(changedLines()).resolves.toEqual([
      expect.objectContaining({
        requestId: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown,
        ...{ csrName: object?.requestName, csrUid: object?.requestUid },
      }),
    ]);
  });

  it('is removed like any other', async () => {
    await eventually(() => mesh.requestObjects().length === 0);
    expect(mesh.requestObjects()).toEqual([]);
  });
});
