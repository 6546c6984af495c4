import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiFault, FaultOptions } from '../../src/sandbox/faults.ts';
import { expectMeasured } from '../support/expect-measured.ts';
import { eventually, httpbinFoo, RunningMesh } from '../support/running-mesh.ts';

const csrs = 'certificatesigningrequests';
const review = { verb: 'create', resource: 'tokenreviews' };
const create = { verb: 'create', resource: csrs };
const approve = { verb: 'update', resource: csrs, subresource: 'approval' };
const budgetMs = 6_000;
/** What a refusal is held back for, and what a busy machine adds. */
const heldBackMs = 2_500;
let mesh: RunningMesh;

interface Row {
  readonly on: FaultOptions;
  readonly fault: ApiFault;
  readonly status: string;
  /** Until the answer is known, without its holding back. */
  readonly withinMs: number;
  /** How many objects are made at most. */
  readonly objects: number;
  /** How many of them are kept for a minute: nobody knows whether they were approved. */
  readonly kept?: number;
}

function answered(status: number, retryAfterSeconds?: number): ApiFault {
  const asked = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return { kind: 'status', status, ...asked };
}

const unreviewed = { on: review, status: 'UNAVAILABLE', withinMs: 3_500, objects: 0 } as const;
const uncreated = { on: create, status: 'UNAVAILABLE', withinMs: 5_000, objects: 0 } as const;
const unapproved = { on: approve, status: 'UNAVAILABLE', withinMs: 5_000, objects: 1 } as const;

const unknownEnd = { withinMs: budgetMs, kept: 1 } as const;

const rows: Readonly<Record<string, Row>> = {
  'F1: token reviews are throttled': { ...unreviewed, fault: answered(429, 1) },
  'F2: token reviews fail with 500': { ...unreviewed, fault: answered(500) },
  'F2: token reviews fail with 503': { ...unreviewed, fault: answered(503) },
  'F2: token reviews are reset': { ...unreviewed, fault: { kind: 'lost' } },
  'F3: token reviews hang': { ...unreviewed, fault: { kind: 'hang' } },
  'F4: our own token is not accepted': { ...unreviewed, fault: answered(401) },
  'F4: we may not review tokens': { ...unreviewed, fault: answered(403) },
  'F6: creates are throttled': { ...uncreated, fault: answered(429) },
  'F6: creates fail with 500': { ...uncreated, fault: answered(500) },
  'F6: creates fail with 503': { ...uncreated, fault: answered(503) },
  'F6: creates fail with 504': { ...uncreated, fault: answered(504) },
  'F8: creates hang': { ...uncreated, fault: { kind: 'hang' }, withinMs: budgetMs },
  'F8: creates work and then hang': {
    ...{ ...uncreated, fault: { kind: 'hang', when: 'after' }, objects: 1 },
    ...{ status: 'OK', withinMs: budgetMs },
  },
  'F10: creates are invalid': { ...uncreated, fault: answered(422), status: 'INTERNAL' },
  'F12: approvals conflict again and again': { ...unapproved, fault: answered(409) },
  'F14: approvals fail with 500': { ...unapproved, fault: answered(500) },
  'F14: approvals are reset': { ...unapproved, fault: { kind: 'lost' }, ...unknownEnd },
  'F14: approvals hang': { ...unapproved, fault: { kind: 'hang' }, ...unknownEnd },
};

function rowOf(name: string): Row {
  const row = rows[name];
  if (row === undefined) throw new Error(`there is no row ${name}`);
  return row;
}

interface Outcome {
  readonly status: string;
  readonly message: string;
  readonly ms: number;
}

async function ask(): Promise<Outcome> {
  const began = performance.now();
  const answer = await mesh.requestAs(httpbinFoo).then(
    () => ({ code: 'OK', message: '' }),
    (error: unknown) => error as { code: string; message: string },
  );
  return { status: answer.code, message: answer.message, ms: performance.now() - began };
}

beforeAll(async () => {
  mesh = await RunningMesh.start({ env: { REQUEST_BUDGET: `${budgetMs}ms` } });
});

async function startAfresh(): Promise<void> {
  await eventually(async () => (await ask()).status === 'OK');
  for (const { metadata } of mesh.sandbox.objects.list(csrs)) {
    mesh.sandbox.objects.delete({ resource: csrs, namespace: undefined, name: metadata.name });
  }
  mesh.sandbox.forgetCalls();
}

afterEach(() => {
  mesh.sandbox.faults.clear();
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

describe('while', () => {
  it.each(Object.keys(rows))(
    '%s, the code, the time and what is left are right',
    async (name) => {
      const { on, fault, status, withinMs, objects, kept = 0 } = rowOf(name);
      const bound = { atMost: withinMs + heldBackMs };
      await expectMeasured({ what: `the answer while ${name}`, unit: 'ms', bound }, async () => {
        await startAfresh();
        const armed = mesh.sandbox.faults.api.set(fault, on);
        const outcome = await ask();
        expect(outcome.status).toBe(status);
        expect(outcome.message).not.toContain('sandbox');
        expect(armed.strikes).toBeGreaterThan(0);
        const made = mesh.sandbox.callCount('create', csrs) - (on === create ? armed.strikes : 0);
        expect(Math.max(0, made)).toBeLessThanOrEqual(objects);
        mesh.sandbox.faults.clear();
        await eventually(() => mesh.requestObjects().length <= kept, 15_000);
        return outcome.ms;
      });
    },
    60_000,
  );
});
