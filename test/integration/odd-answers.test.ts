import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiFault, FaultOptions } from '../../src/sandbox/faults.ts';
import { expectMeasured } from '../support/expect-measured.ts';
import { eventually, httpbinFoo, RunningMesh } from '../support/running-mesh.ts';

const csrs = 'certificatesigningrequests';
const json = { 'content-type': 'application/json' };
const html = { 'content-type': 'text/html' };
const budgetMs = 4_000;
let mesh: RunningMesh;

function answer(status: number, headers: Record<string, string>, body: string | Uint8Array) {
  return { kind: 'answer', status, headers, body } as const;
}

/** What proxies, half-started servers and servers of another kind have been seen to say. */
const answers: Readonly<Record<string, ApiFault>> = {
  'JSON that is cut off': answer(200, json, '{"kind":"Status","status":{"authenticated":tr'),
  'a page of HTML': answer(200, html, '<html><body>Welcome to nginx!</body></html>'),
  'a gateway that says 502 in HTML': answer(502, html, '<html>502 Bad Gateway</html>'),
  'a redirect to elsewhere': answer(307, { location: 'http://127.0.0.1:9/' }, ''),
  'no body': answer(200, json, ''),
  'a success without content': answer(204, {}, ''),
  'an empty object': answer(200, json, '{}'),
  null: answer(200, json, 'null'),
  'an object of another kind': answer(200, json, '{"kind":"Pod","metadata":{"name":"x"}}'),
  'seventeen megabytes': answer(200, json, new Uint8Array(17 * 1_048_576).fill(0x20)),
  'gzip that nobody asked for': answer(
    200,
    { ...json, 'content-encoding': 'gzip' },
    gzipSync('{"kind":"Status"}'),
  ),
  'a wish to be left alone for a year': {
    ...{ kind: 'status', status: 429, retryAfterSeconds: 31_536_000 },
  },
};

const calls: Readonly<Record<string, FaultOptions>> = {
  'token reviews': { verb: 'create', resource: 'tokenreviews' },
  creates: { verb: 'create', resource: csrs },
  approvals: { verb: 'update', resource: csrs, subresource: 'approval' },
};

const cases = Object.keys(calls).flatMap((call) =>
  Object.keys(answers).map((odd) => [call, odd] as const),
);

function fault(odd: string): ApiFault {
  const found = answers[odd];
  if (found === undefined) throw new Error(`no answer is called ${odd}`);
  return found;
}

function objectNames(): readonly string[] {
  return mesh.sandbox.objects.list(csrs).map(({ metadata }) => metadata.name);
}

const unreadable = [
  'JSON that is cut off',
  'a page of HTML',
  'a gateway that says 502 in HTML',
  'no body',
  'a success without content',
  'seventeen megabytes',
  'gzip that nobody asked for',
];

/** With a token that nobody has seen before, so that it is reviewed. */
async function outcome(): Promise<{ readonly status: string; readonly ms: number }> {
  const started = performance.now();
  const status = await mesh.requestAs(httpbinFoo).then(
    () => 'OK',
    (error: unknown) => (error as { code: string }).code,
  );
  return { status, ms: performance.now() - started };
}

beforeAll(async () => {
  mesh = await RunningMesh.start({ env: { REQUEST_BUDGET: `${budgetMs}ms` } });
});
afterEach(() => {
  mesh.sandbox.faults.clear();
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

describe('an API server that answers', () => {
  // First, since a wish to be left alone holds removals back for half a minute.
  // What claims a success is believed, and what is refused for good is given up: the reaper sees to both.
  it.each(unreadable)('a removal with %s is asked again', async (odd) => {
    mesh.sandbox.faults.api.set(fault(odd), { verb: 'delete', resource: csrs, count: 1 });
    const before = new Set(mesh.sandbox.issued().map(({ requestName }) => requestName));
    await expect(outcome()).resolves.toMatchObject({ status: 'OK' });
    const [made] = mesh.sandbox.issued().filter(({ requestName }) => !before.has(requestName));
    expect(made).toBeDefined();
    await eventually(() => !objectNames().includes(made?.requestName ?? ''));
  });

  it.each(cases)(
    '%s with %s ends the call in time, to be tried again',
    async (call, odd) => {
      mesh.sandbox.faults.api.set(fault(odd), calls[call]);
      const limit = { what: `${call} with ${odd}`, unit: 'ms' } as const;
      await expectMeasured({ ...limit, bound: { atMost: budgetMs + 2_500 } }, async () => {
        const { status, ms } = await outcome();
        expect(['UNAVAILABLE', 'INTERNAL']).toContain(status);
        return ms;
      });
    },
    40_000,
  );

  it.each(Object.keys(answers))('token reviews with %s makes no object', async (odd) => {
    mesh.sandbox.faults.api.set(fault(odd), calls['token reviews']);
    mesh.sandbox.forgetCalls();
    await outcome();
    expect(mesh.sandbox.callCount('create', csrs)).toBe(0);
  });

  it.each(Object.keys(calls))('%s oddly once costs one try, and no certificate', async (call) => {
    mesh.sandbox.faults.api.set(fault('a page of HTML'), { ...calls[call], count: 1 });
    await expect(outcome()).resolves.toMatchObject({ status: 'OK' });
  });

  it('everything oddly is served from again once it is well', async () => {
    mesh.sandbox.faults.api.set(fault('JSON that is cut off'));
    await expect(outcome()).resolves.toMatchObject({ status: 'UNAVAILABLE' });
    mesh.sandbox.faults.clear();
    await eventually(async () => (await outcome()).status === 'OK');
  });
});
