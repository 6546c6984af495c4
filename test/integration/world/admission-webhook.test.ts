import { describe, expect, it } from '@jest/globals';
import type { ActiveFault } from '../../../src/sandbox/faults.ts';
import { RunningMesh } from '../../support/running-mesh.ts';

// One kind: a status code taken for its cause. 403 is not RBAC, whoever says it: admission webhooks
// answer 403 as well. What they deny is a refusal by somebody's policy, and their words are the only
// hint at the reason.

const gatekeeper =
  'admission webhook "validation.gatekeeper.sh" denied the request: [owner] the label owner is missing';
const ofPolicy =
  'certificatesigningrequests.certificates.k8s.io "ra-1" is forbidden: ' +
  "ValidatingAdmissionPolicy 'owners' with binding 'all' denied request: the label owner is missing";
const kyverno =
  'admission webhook "validate.kyverno.svc-fail" denied the request: the label owner is missing';
const byRbac =
  'certificatesigningrequests.certificates.k8s.io is forbidden: User ' +
  '"system:serviceaccount:istio-system:istio-ra" cannot create resource ' +
  '"certificatesigningrequests" in API group "certificates.k8s.io" at the cluster scope';

function deny(mesh: RunningMesh, status: number, message: string): ActiveFault {
  const create = { verb: 'create', resource: 'certificatesigningrequests' };
  return mesh.sandbox.faults.api.set({ kind: 'status', status, message }, create);
}

function logOf(mesh: RunningMesh): string {
  return JSON.stringify(mesh.log.lines);
}

describe('a certificate request that an admission webhook denies with 403', () => {
  // Case 25.
  it.failing(
    'is told in the words of the webhook, and not as a missing right of ours',
    async () => {
      await using mesh = await RunningMesh.start();
      deny(mesh, 403, gatekeeper);

      expect(await mesh.statusOf()).not.toBe('OK');
      expect(logOf(mesh)).toContain('the label owner is missing');
      expect(logOf(mesh)).not.toMatch(/right is missing|lacks a right/);
    },
  );

  it.failing(
    'is told so too when requests were served before, and is not tried again',
    async () => {
      await using mesh = await RunningMesh.start();
      await mesh.request();
      const denial = deny(mesh, 403, gatekeeper);

      // With UNAVAILABLE an agent comes again at once, for what will be denied for ever.
      expect(await mesh.statusOf()).not.toBe('UNAVAILABLE');
      expect(denial.strikes).toBe(1);
      expect(logOf(mesh)).toContain('the label owner is missing');
      expect(logOf(mesh)).not.toContain('does not know our rights yet');
    },
  );
});

describe('a certificate request that the API server refuses', () => {
  it.each([
    ['Kyverno, with 400', 400, kyverno],
    ['a ValidatingAdmissionPolicy, with 422', 422, ofPolicy],
  ])('by %s, is told in its words', async (_who, status, message) => {
    await using mesh = await RunningMesh.start();
    deny(mesh, status, message);

    expect(await mesh.statusOf()).not.toBe('OK');
    expect(logOf(mesh)).toContain('the label owner is missing');
  });

  it('because our account may not create any, is told as a missing right', async () => {
    await using mesh = await RunningMesh.start();
    deny(mesh, 403, byRbac);

    expect(await mesh.statusOf()).not.toBe('OK');
    expect(logOf(mesh)).toContain('a right is missing: grant it to our account');
  });
});
