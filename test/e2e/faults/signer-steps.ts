import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { measuredUpTo } from '../../support/measured-up-to.ts';
import type { Show, Step } from '../runner/suite.ts';
import type { RequestReport } from '../stack/agent.ts';
import { awaitUntil } from '../stack/await-until.ts';
import { restoreRights, withdrawSignerRight } from '../walkthrough/signer-right.ts';
import type { Workload } from '../walkthrough/world.ts';
import { shortBudgetMs, type FaultWorld } from './fault-world.ts';
import { silentSigners } from './silent-tenants.ts';

const foo: Workload = { namespace: 'foo', account: 'httpbin' };
const bar: Workload = { namespace: 'bar', account: 'httpbin' };

/** An answer that must not wait for the budget, on a machine that others use too. */
const promptMs = 5_000;

/** Faults of the signers and of the rights to use them. */
export function signerSteps(faults: FaultWorld): Step[] {
  return [
    {
      name: 'signers stopped: Unavailable at the end of the budget; back: issued',
      run: async (show) => {
        const { certManager } = faults.world;
        await certManager.stopSigners();
        try {
          await expectSilence(faults, 'foo', show);
        } finally {
          certManager.startSigners();
        }
        // The next step waits for what is kept for a retry, its own and that of this one.
        await faults.assertIssuing();
        show('signers started again: both issue');
      },
    },
    {
      name: 'an issuer that does not exist, and one that is not ready: Unavailable at the end of the budget',
      run: async (show) => {
        await Promise.all(silentSigners.map((signer) => expectSilence(faults, signer, show)));
        await faults.assertWell();
      },
    },
    {
      name: 'denied by somebody else before our approval: PermissionDenied at once',
      run: async (show) => {
        // The denial ends the wait for the signer.
        await expectWithin(shortBudgetMs, show, () => denyFirst(faults, show));
        await faults.assertWell();
      },
    },
    {
      name: 'the right to approve for one signer taken away: Unavailable at once, the others go on',
      run: async (show) => {
        await withoutRightFor(faults, 'bar', () =>
          expectWithin(promptMs, show, async () => {
            const [refused, served] = await Promise.all([ask(faults, bar), ask(faults, foo)]);
            assert.equal(served.code, 'OK', served.message);
            const expected = { code: 'Unavailable', reason: 'approve_forbidden', show };
            return expectRefused(faults, refused, expected);
          }),
        );
        await awaitUntil(async () => (await ask(faults, bar)).ok, {
          what: 'bar is served again',
          timeoutMs: 20_000,
        });
        show('right given back: bar is served');
        await faults.assertWell();
      },
    },
    {
      name: 'SIGTERM ends both with status 0',
      run: async (show) => {
        assert.equal(await faults.ra.stop(), 0);
        assert.equal(await faults.world.ra.stop(), 0);
        assert.deepEqual(await faults.world.requestsLeft(), []);
        show('status 0, no CertificateSigningRequest left');
      },
    },
  ];
}

/** One attempt through the wire, without the agent's retries. */
async function ask(faults: FaultWorld, workload: Workload): Promise<RequestReport> {
  return faults.world.request(workload, { ra: faults.ra, retries: false });
}

interface Refused {
  readonly code: string;
  readonly reason: string;
  readonly show: Show;
}

/** Returns how long the answer took, in milliseconds. */
function expectRefused(faults: FaultWorld, report: RequestReport, expected: Refused): number {
  assert.equal(report.code, expected.code, report.message);
  assert.equal(faults.ra.decisionOn(report.message).reason, expected.reason);
  const seconds = (report.elapsedMs / 1000).toFixed(1);
  expected.show(`${report.code} (${expected.reason}) after ${seconds} s`);
  return report.elapsedMs;
}

/** Fails where the answer took more milliseconds each time. */
async function expectWithin(
  atMost: number,
  show: Show,
  answerMs: () => Promise<number>,
): Promise<void> {
  const limit = { what: 'the answer', unit: 'ms', bound: { atMost }, say: show } as const;
  const { holds, report } = await measuredUpTo(3, limit, answerMs);
  assert.ok(holds, report);
}

/** A signer that says nothing ends the request when its budget does, and not before. */
async function expectSilence(faults: FaultWorld, signer: string, show: Show): Promise<void> {
  const expected: Refused = {
    code: 'Unavailable',
    reason: 'signer_timeout',
    show: (fact) => show(`${signer}: ${fact}`),
  };
  await expectWithin(shortBudgetMs + 5_000, expected.show, async () => {
    const report = await ask(faults, { namespace: signer, account: 'httpbin' });
    const elapsedMs = expectRefused(faults, report, expected);
    assert.ok(elapsedMs > shortBudgetMs - 500, `${elapsedMs} ms is too early`);
    return elapsedMs;
  });
}

/**
 * The wire is slow towards the API server, so that the denial is there before our approval. Returns how
 * long the answer took, in milliseconds.
 */
async function denyFirst(faults: FaultWorld, show: Show): Promise<number> {
  const { world, wire } = faults;
  let elapsedMs: number;
  // Connections are warm then: a handshake over the slow wire would take several of its delays.
  assert.equal((await ask(faults, foo)).code, 'OK');
  await world.awaitNothingLeft();
  wire.delayMs = 1_500;
  try {
    const asking = ask(faults, foo);
    const name = await awaitUntil(async () => (await world.requestsLeft())[0], {
      what: 'the request is created',
      timeoutMs: 10_000,
    });
    await world.controlPlane.kubectl.run('certificate', 'deny', name.replace(/^.*\//, ''));
    const report = await asking;
    elapsedMs = expectRefused(faults, report, { code: 'PermissionDenied', reason: 'denied', show });
  } finally {
    wire.delayMs = 0;
  }
  // What was sent slowly is still under way.
  await sleep(1_500);
  return elapsedMs;
}

/** Takes one signer out of the documented role while something is tried. */
async function withoutRightFor(
  faults: FaultWorld,
  signer: string,
  work: () => Promise<void>,
): Promise<void> {
  const { world } = faults;
  await withdrawSignerRight(world, `clusterissuers.cert-manager.io/${signer}`);
  try {
    await work();
  } finally {
    await restoreRights(world);
  }
}
