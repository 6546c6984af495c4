import { describe, expect, it } from '@jest/globals';
import type { Certificate } from '../../../src/pki/certificate.ts';
import type { PathRequest } from '../../../src/pki/chain.ts';
import * as writer from '../../support/certificate-writer.ts';
import type { CertificateParts } from '../../support/certificate-writer.ts';
import {
  authority,
  build,
  certificate,
  intermediate,
  intermediateParts,
  leafKey,
  leafParts,
  reasonFor,
  root,
  rootKey,
  stranger,
} from '../../support/chain-certificates.ts';
import { algorithm, extension, spkiOf, storedKey } from '../../support/csr-writer.ts';
import * as der from '../../support/der-writer.ts';
import { rsaSpki, soundModulus } from '../../support/rsa-modulus.ts';
import { thrownBy } from '../../support/thrown-by.ts';

describe('there is no path', () => {
  const changedRoot = (parts: CertificateParts): Partial<PathRequest> => ({
    roots: [authority('root', parts)],
  });
  const changedIntermediate = (parts: CertificateParts): Partial<PathRequest> => ({
    candidates: [certificate({ ...intermediateParts, ...parts })],
  });
  const changedLeaf = (parts: CertificateParts): Partial<PathRequest> => ({
    leaf: certificate({ ...leafParts, ...parts }),
  });
  const isTrue = der.boolean(0xff);
  const purposes = (oid: string): Buffer => extension('2.5.29.37', der.sequence(der.oid(oid)));
  const weakKey = storedKey('rsa-1024');
  const sound = soundModulus(2048);
  const withKey = (spki: Buffer): Partial<PathRequest> => changedIntermediate({ spki });
  const hugeKey = rsaSpki(soundModulus(2048), (1n << 2000n) + 1n);
  const past = { notAfter: writer.utcTime('260201000000Z') };
  const future = { notBefore: writer.utcTime('261201000000Z') };

  it.each<[string, Partial<PathRequest>, string]>([
    ['without roots', { roots: [] }, 'no_path'],
    ['to another root', { roots: [stranger] }, 'no_path'],
    ['without the intermediate', { candidates: [] }, 'no_path'],
    [
      'to a self-signed candidate',
      { candidates: [intermediate, root], roots: [stranger] },
      'no_path',
    ],
    ['from a root to itself', { leaf: root, candidates: [], roots: [root] }, 'no_path'],
    [
      'to a root of the right name and another key',
      changedRoot({ spki: spkiOf(leafKey) }),
      'signature_invalid',
    ],
    [
      'when the leaf was signed by another key',
      changedLeaf({ issuerKey: leafKey }),
      'signature_invalid',
    ],
    ['when the leaf has expired', changedLeaf(past), 'expired'],
    ['when the intermediate has expired', changedIntermediate(past), 'expired'],
    ['when the root has expired', changedRoot(past), 'expired'],
    ['when the root is not valid yet', changedRoot(future), 'not_yet_valid'],
    [
      'when the intermediate is no authority',
      changedIntermediate({ extensions: [writer.basicConstraints()] }),
      'not_a_ca',
    ],
    ['when the intermediate says nothing', changedIntermediate({ optionalFields: [] }), 'not_a_ca'],
    [
      'when the root is of version 1',
      changedRoot({ version: Buffer.alloc(0), optionalFields: [] }),
      'not_a_ca',
    ],
    [
      'when the intermediate may not sign certificates',
      changedIntermediate({
        extensions: [writer.basicConstraints(isTrue), writer.keyUsage(0x80, 7)],
      }),
      'key_usage',
    ],
    [
      'when the root allows no intermediate',
      changedRoot({
        extensions: [writer.basicConstraints(isTrue, der.integer(0))],
      }),
      'path_length',
    ],
    [
      'when the intermediate is signed with SHA-1',
      changedIntermediate({
        ...{ algorithm: algorithm('1.2.840.10045.4.1'), hash: 'sha1' },
      }),
      'weak_signature',
    ],
    [
      'when the leaf is signed with SHA-1',
      changedLeaf({
        ...{ algorithm: algorithm('1.2.840.10045.4.1'), hash: 'sha1' },
      }),
      'weak_signature',
    ],
    [
      'when the leaf is signed in an unknown way',
      changedLeaf({ algorithm: algorithm('1.2.3') }),
      'signature_algorithm',
    ],
    [
      'when the issuer has RSA-1024',
      {
        leaf: certificate({ ...leafParts, issuerKey: weakKey }),
        candidates: [certificate({ ...intermediateParts, spki: spkiOf(weakKey) })],
      },
      'weak_key',
    ],
    [
      'when the issuer has P-224',
      changedIntermediate({ spki: spkiOf(storedKey('ec-p224')) }),
      'weak_key',
    ],
    ['when the issuer has the exponent 1', withKey(rsaSpki(sound, 1)), 'weak_key'],
    ['when the issuer has an even exponent', withKey(rsaSpki(sound, 65536)), 'weak_key'],
    ['when the issuer has RSA-8200', withKey(rsaSpki((1n << 8199n) + 1n)), 'weak_key'],
    ['when the issuer has Ed448', withKey(spkiOf(storedKey('ed448'))), 'weak_key'],
    ['when the issuer has a huge exponent', changedIntermediate({ spki: hugeKey }), 'weak_key'],
    [
      'when the intermediate has name constraints',
      changedIntermediate({
        extensions: [...writer.authorityExtensions(), extension('2.5.29.30', der.sequence(), true)],
      }),
      'critical_extension',
    ],
    [
      'when the root has an unknown critical extension',
      changedRoot({
        extensions: [...writer.authorityExtensions(), extension('1.2.3', der.nullValue(), true)],
      }),
      'critical_extension',
    ],
    [
      'when the leaf has one',
      changedLeaf({
        extensions: [extension('1.2.3', der.nullValue(), true)],
      }),
      'critical_extension',
    ],
    [
      'when the intermediate is for other purposes',
      {
        ...changedLeaf({ extensions: [purposes('1.3.6.1.5.5.7.3.2')] }),
        ...changedIntermediate({
          extensions: [...writer.authorityExtensions(), purposes('1.3.6.1.5.5.7.3.3')],
        }),
      },
      'extended_key_usage',
    ],
    ['longer than allowed', { maxDepth: 2 }, 'path_too_long'],
    [
      'among seventeen candidates',
      { candidates: Array<Certificate>(17).fill(intermediate) },
      'too_many_certificates',
    ],
    [
      'among sixty-five roots',
      { roots: Array<Certificate>(65).fill(root) },
      'too_many_certificates',
    ],
  ])('%s', (_, request, reason) => {
    expect(reasonFor(request)).toBe(reason);
  });

  it('in a circle', () => {
    const a = authority('a', { issuer: writer.commonName('b') });
    const b = authority('b', { issuer: writer.commonName('a') });
    const below = certificate({ issuer: writer.commonName('a'), issuerKey: rootKey });
    expect(reasonFor({ leaf: below, candidates: [a, b] })).toBe('no_path');
  });

  it('longer than eight', () => {
    const ladder = Array.from({ length: 9 }, (_, rung) =>
      authority(`rung ${rung}`, {
        issuer: writer.commonName(rung === 0 ? 'root' : `rung ${rung - 1}`),
      }),
    );
    const below = (rung: number): Certificate =>
      certificate({ issuer: writer.commonName(`rung ${rung}`), issuerKey: rootKey });
    expect(build({ leaf: below(5), candidates: ladder })).toHaveLength(8);
    expect(reasonFor({ leaf: below(6), candidates: ladder })).toBe('path_too_long');
  });

  it('and names the certificate at fault', () => {
    const expired = certificate({ ...intermediateParts, ...past });
    expect(thrownBy(() => build({ candidates: [expired] }))).toMatchObject({
      ...{ name: 'ChainError', sha256: expired.sha256 },
    });
  });

  it('prefers to say what was wrong with the right issuer', () => {
    const namesake = certificate({ ...intermediateParts, spki: spkiOf(storedKey('rsa-2048')) });
    const expired = certificate({ ...intermediateParts, ...past });
    expect(reasonFor({ candidates: [expired, namesake] })).toBe('expired');
  });
});
