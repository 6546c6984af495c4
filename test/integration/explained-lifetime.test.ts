import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/base/clock.ts';
import { RunningMesh } from '../support/running-mesh.ts';
import { ScriptedSigner } from '../support/scripted-signer.ts';
import { TestAuthority } from '../support/test-authority.ts';

const bar = { namespace: 'bar', serviceAccount: 'httpbin' };
const threeHoursMs = 3 * 3_600_000;
const endsAt = systemClock.now() + threeHoursMs;
const inThreeHours = { template: { notAfter: endsAt } };

function signedBy(root: TestAuthority, issuer: TestAuthority): ScriptedSigner {
  const between = issuer === root ? '' : issuer.certificatePem;
  return new ScriptedSigner({
    ...{ signer: 'bar', rootPem: root.certificatePem },
    // No authority signs for longer than it is valid itself.
    sign: async (template) => {
      const notAfter = Math.min(template.notAfter, endsAt);
      return `${await issuer.sign({ ...template, notAfter })}${between}`;
    },
  });
}

/** How long the certificate of a new request is valid; it asks for no lifetime, as agents do not. */
async function grantedSeconds(mesh: RunningMesh): Promise<number> {
  const [leaf = ''] = await mesh.requestAs(bar, { validitySeconds: 0 });
  const { validFromDate, validToDate } = new X509Certificate(leaf);
  return (validToDate.getTime() - validFromDate.getTime()) / 1_000;
}

async function explainedSeconds(mesh: RunningMesh): Promise<number | undefined> {
  const question = 'namespace=bar&service-account=httpbin';
  const answer = await fetch(`http://${mesh.app.debugAddress}/debug/explain?${question}`);
  return ((await answer.json()) as { lifetime?: { seconds?: number } }).lifetime?.seconds;
}

// An explanation is the decision itself and not a copy of it (ADR 8), and the decision heeds how long the
// signer's authorities are still valid.
describe('the lifetime that an explanation promises', () => {
  it('is what a request gets when the root of the signer ends sooner', async () => {
    const root = await TestAuthority.make('ends soon', systemClock.now(), inThreeHours);
    using signer = signedBy(root, root);
    await using mesh = await RunningMesh.start(signer);
    const promised = await explainedSeconds(mesh);
    const granted = await grantedSeconds(mesh);

    expect(granted).toBeLessThanOrEqual(threeHoursMs / 1_000);
    expect(Math.abs((promised ?? 0) - granted)).toBeLessThan(60);
  });

  it('is what a request gets when the issuing CA was seen to end sooner', async () => {
    const root = await TestAuthority.make('long root', systemClock.now());
    const options = { ...inThreeHours, issuer: root };
    const issuer = await TestAuthority.make('ends soon', systemClock.now(), options);
    using signer = signedBy(root, issuer);
    await using mesh = await RunningMesh.start(signer);
    await grantedSeconds(mesh);
    const promised = await explainedSeconds(mesh);
    const granted = await grantedSeconds(mesh);

    expect(granted).toBeLessThanOrEqual(threeHoursMs / 1_000);
    expect(Math.abs((promised ?? 0) - granted)).toBeLessThan(60);
  });
});
