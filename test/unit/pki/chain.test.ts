import { describe, expect, it } from '@jest/globals';
import { ChainVerifier } from '../../../src/pki/chain.ts';
import * as writer from '../../support/certificate-writer.ts';
import {
  at,
  authority,
  build,
  certificate,
  directLeaf,
  intermediate,
  intermediateParts,
  leaf,
  leafKey,
  leafParts,
  reasonFor,
  root,
  stranger,
} from '../../support/chain-certificates.ts';
import { algorithm, spkiOf, storedKey } from '../../support/csr-writer.ts';
import * as der from '../../support/der-writer.ts';
import { expectMeasured } from '../../support/expect-measured.ts';
import { fastestMs } from '../../support/fastest.ts';
import { thrownBy } from '../../support/thrown-by.ts';

describe('a path', () => {
  it('leads from the leaf over an intermediate to the root', () => {
    expect(build()).toEqual([leaf, intermediate, root]);
  });

  it('may have no intermediate', () => {
    expect(build({ leaf: directLeaf, candidates: [] })).toEqual([directLeaf, root]);
  });

  it('is found among candidates that are unordered, doubled or strangers, and leaves those out', () => {
    const candidates = [stranger, root, leaf, intermediate, intermediate, directLeaf];
    expect(build({ candidates, roots: [stranger, root] })).toEqual([leaf, intermediate, root]);
  });

  it('may end at an intermediate that is configured as root', () => {
    expect(build({ candidates: [], roots: [intermediate] })).toEqual([leaf, intermediate]);
    expect(build({ roots: [intermediate, root] })).toEqual([leaf, intermediate]);
  });

  it('is found over a cross-signed root', () => {
    const otherKey = storedKey('rsa-2048');
    const other = authority('other root', {
      ...{ issuer: writer.commonName('other root'), issuerKey: otherKey, spki: spkiOf(otherKey) },
    });
    const crossed = authority('root', {
      issuer: writer.commonName('other root'),
      issuerKey: otherKey,
    });
    const path = build({ candidates: [root, crossed, intermediate], roots: [other] });
    expect(path).toEqual([leaf, intermediate, crossed, other]);
  });

  it('tells issuers of one name apart by their keys', () => {
    const namesake = certificate({ ...intermediateParts, spki: spkiOf(storedKey('rsa-2048')) });
    expect(build({ candidates: [namesake, intermediate] })).toEqual([leaf, intermediate, root]);
  });

  it('takes a root that was itself signed with SHA-1: nobody relies on that signature', () => {
    const sha1 = { algorithm: algorithm('1.2.840.10045.4.1'), hash: 'sha1' };
    const old = authority('root', sha1);
    expect(build({ roots: [old] })).toEqual([leaf, intermediate, old]);
  });

  it('may start a little before the leaf is valid, where clocks are allowed to differ', () => {
    const young = certificate({ ...leafParts, notBefore: writer.utcTime('260601000100Z') });
    expect(reasonFor({ leaf: young })).toBe('not_yet_valid');
    expect(build({ leaf: young, clockSkewMs: 60_000 })).toHaveLength(3);
  });

  it('is valid at the first and at the last instant', () => {
    expect(build({ at: leaf.notBefore })).toHaveLength(3);
    expect(build({ at: leaf.notAfter })).toHaveLength(3);
    expect(reasonFor({ at: leaf.notAfter + 1 })).toBe('expired');
  });

  it('counts the authorities below a path length', () => {
    const limited = authority('root', {
      extensions: [writer.basicConstraints(der.boolean(0xff), der.integer(1))],
    });
    expect(build({ roots: [limited] })).toHaveLength(3);
  });

  it('does not count an authority that renewed its own key', () => {
    const renewed = storedKey('rsa-2048');
    const limited = certificate({
      ...intermediateParts,
      extensions: [writer.basicConstraints(der.boolean(0xff), der.integer(0))],
    });
    const rollover = certificate({
      ...leafParts,
      ...{ subject: writer.commonName('intermediate'), spki: spkiOf(renewed) },
      extensions: writer.authorityExtensions(),
    });
    const below = certificate({ ...leafParts, issuerKey: renewed });
    const path = build({ leaf: below, candidates: [rollover, limited] });
    expect(path).toEqual([below, rollover, limited, root]);
  });
});

describe('the work of the search', () => {
  const key = storedKey('rsa-4096');
  const name = writer.commonName('clone');
  const clones = Array.from({ length: 16 }, (_, index) =>
    authority('clone', {
      ...{ issuer: name, subject: name, issuerKey: key, spki: spkiOf(key) },
      serialNumber: der.integer(index),
    }),
  );

  it('is bounded when sixteen authorities have each signed all others', () => {
    const below = certificate({ issuer: name, issuerKey: key });
    const search = (): unknown => thrownBy(() => build({ leaf: below, candidates: clones }));
    expect(search()).toMatchObject({ reason: 'no_path' });
    expect(fastestMs(search)).toBeLessThan(100);
  });

  it('is bounded when none has signed the other', () => {
    const below = certificate({ issuer: name, issuerKey: leafKey });
    const roots = Array.from({ length: 64 }, (_, index) =>
      authority('clone', { subject: name, serialNumber: der.integer(1000 + index) }),
    );
    const search = (): unknown => thrownBy(() => build({ leaf: below, candidates: clones, roots }));
    expect(search()).toMatchObject({ reason: 'too_many_certificates' });
    expect(fastestMs(search)).toBeLessThan(200);
  });

  it('is less the second time: an authority is verified once', async () => {
    const verifier = new ChainVerifier();
    const request = { leaf, candidates: [intermediate], roots: [root], at };
    const ratio = (): number => {
      const anew = fastestMs(() => build(request), 30);
      return fastestMs(() => verifier.buildPath(request), 30) / anew;
    };
    const what = 'CPU of a second search to that of a new one';
    const limit = { what, unit: '', bound: { atMost: 0.7 } } as const;
    await expectMeasured(limit, ratio);
  });
});
