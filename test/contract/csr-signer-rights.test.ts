import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContractWorld, signerDomain, signerName } from './support/contract-world.ts';
import type { Account } from './support/contract-world.ts';
import { outcomeOf, subjectOf } from './support/outcome.ts';
import { nameOf } from './support/contract-world.ts';

let world: ContractWorld;
let accounts: Readonly<Record<string, Account>>;

const group = ['certificates.k8s.io'];
const parts = ['certificatesigningrequests/approval', 'certificatesigningrequests/status'];
const common = { apiGroups: group, resources: parts, verbs: ['update'] };

function signers(...resourceNames: readonly string[]) {
  const rule = { apiGroups: group, resources: ['signers'], verbs: ['approve', 'sign'] };
  return resourceNames.length === 0 ? rule : { ...rule, resourceNames };
}

beforeAll(async () => {
  world = await ContractWorld.open();
  accounts = {
    'no signer': await world.account([common]),
    'one signer': await world.account([common, signers(signerName)]),
    'the domain': await world.account([common, signers(`${signerDomain}/*`)]),
    'another domain': await world.account([common, signers('other.istio-ra.test/*')]),
    'every signer': await world.account([common, signers()]),
    'a star alone': await world.account([common, signers('*')]),
  };
});

afterAll(() => world[Symbol.asyncDispose]());

const approved = { conditions: [{ type: 'Approved', status: 'True' }] };
const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
const ownTwo = `${signerDomain}/two`;
const foreign = 'foreign.istio-ra.test/one';

const cases: readonly [string, string, string][] = [
  ['no signer', signerName, '403 Forbidden'],
  ['one signer', signerName, '200'],
  ['one signer', ownTwo, '403 Forbidden'],
  ['one signer', foreign, '403 Forbidden'],
  ['the domain', signerName, '200'],
  ['the domain', ownTwo, '200'],
  ['the domain', foreign, '403 Forbidden'],
  ['another domain', signerName, '403 Forbidden'],
  ['every signer', signerName, '200'],
  ['every signer', foreign, '200'],
  ['a star alone', signerName, '403 Forbidden'],
];

describe.each(['approval', 'status'] as const)('/%s', (part) => {
  const status = part === 'approval' ? approved : ready;

  it.each(cases)('with the right to %s, asked for %s: %s', async (who, signer, outcome) => {
    const csr = await world.createCsr({ signerName: signer });
    const answer = await world.putCsr(csr, part, status, accounts[who]?.api);
    expect(outcomeOf(answer)).toBe(outcome);
  });

  it('names the object that it refuses to change', async () => {
    const csr = await world.createCsr();
    const answer = await world.putCsr(csr, part, status, accounts['no signer']?.api);
    expect(subjectOf(answer)).toEqual({
      group: 'certificates.k8s.io',
      kind: 'certificatesigningrequests',
      name: nameOf(csr),
    });
  });
});

describe('without the right to the signer', () => {
  it('an approval that changes nothing is refused too', async () => {
    const csr = await world.createCsr();
    const answer = await world.putCsr(csr, 'approval', {}, accounts['no signer']?.api);
    expect(outcomeOf(answer)).toBe('403 Forbidden');
  });

  it('a status that changes nothing is taken', async () => {
    const csr = await world.createCsr();
    const answer = await world.putCsr(csr, 'status', {}, accounts['no signer']?.api);
    expect(outcomeOf(answer)).toBe('200');
  });
});
