import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { buildCertificate } from '../../../src/pki/certificate-builder.ts';
import type { CertificateTemplate } from '../../../src/pki/certificate-builder.ts';
import { buildCertificateRequest } from '../../../src/pki/certificate-request-builder.ts';
import { parseCertificateRequest } from '../../../src/pki/certificate-request.ts';
import { parseCertificate } from '../../../src/pki/certificate.ts';
import type { Certificate } from '../../../src/pki/certificate.ts';
import { ChainVerifier } from '../../../src/pki/chain.ts';
import { summarizeChain } from '../../../src/pki/chain-summary.ts';
import { x509 } from '../../../src/pki/crypto.ts';
import type { KeyAlgorithm } from '../../../src/pki/key-algorithm.ts';
import { exportPrivateKeyPem, generateKeyPair, importKeyPair } from '../../../src/pki/key-pair.ts';
import type { KeyPair } from '../../../src/pki/key-pair.ts';
import { parseCertificateBundle } from '../../../src/pki/pem.ts';
import * as der from '../../support/der-writer.ts';
import { storedKey, workloadUri } from '../../support/csr-writer.ts';

const now = Date.UTC(2026, 5, 1);
const hourMs = 3_600_000;

function storedKeyPair(name: string): Promise<KeyPair> {
  return importKeyPair(storedKey(name).export({ type: 'pkcs8', format: 'pem' }).toString());
}

function read(pem: string): Certificate {
  const [bytes = Buffer.alloc(0)] = parseCertificateBundle(pem);
  return parseCertificate(bytes);
}

function template(
  keyPair: KeyPair,
  change: Partial<CertificateTemplate> = {},
): CertificateTemplate {
  return {
    subject: { commonName: 'root' },
    spkiDer: keyPair.spkiDer,
    notBefore: now,
    notAfter: now + hourMs,
    isCa: true,
    keyUsages: ['keyCertSign', 'cRLSign'],
    extendedKeyUsages: [],
    uris: [],
    dnsNames: [],
    ...change,
  };
}

describe('a key pair', () => {
  it.each<[KeyAlgorithm, string]>([
    ['ecdsa-p256', 'ec-p256'],
    ['ecdsa-p384', 'ec-p384'],
    ['rsa-2048', 'rsa-2048'],
    ['rsa-3072', 'rsa-3072'],
    ['rsa-4096', 'rsa-4096'],
  ])('of %s is exported and imported', async (algorithm, name) => {
    const pair = await storedKeyPair(name);
    const again = await importKeyPair(await exportPrivateKeyPem(pair));
    expect(pair.algorithm).toBe(algorithm);
    expect(again.algorithm).toBe(algorithm);
    expect(again.spkiDer).toEqual(pair.spkiDer);
  });

  it.each<KeyAlgorithm>(['ecdsa-p256', 'ecdsa-p384', 'rsa-2048'])(
    'of %s is generated, a new one each time',
    async (algorithm) => {
      const [one, two] = [await generateKeyPair(algorithm), await generateKeyPair(algorithm)];
      expect(one.spkiDer).not.toEqual(two.spkiDer);
      const pem = await exportPrivateKeyPem(one);
      expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
      const publicKey = createPublicKey(pem).export({ type: 'spki', format: 'der' });
      expect(publicKey.equals(one.spkiDer)).toBe(true);
    },
  );

  it('is imported from the forms that OpenSSL writes', async () => {
    const sec1 = storedKey('ec-p256').export({ type: 'sec1', format: 'pem' }).toString();
    const pkcs1 = storedKey('rsa-2048').export({ type: 'pkcs1', format: 'pem' }).toString();
    await expect(importKeyPair(sec1)).resolves.toHaveProperty('algorithm', 'ecdsa-p256');
    await expect(importKeyPair(pkcs1)).resolves.toHaveProperty('algorithm', 'rsa-2048');
  });

  it('of another kind is not imported', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await expect(importKeyPair(pem)).rejects.toThrow(/not supported/);
    await expect(importKeyPair('hello')).rejects.toThrow();
  });
});

describe('a request that we build', () => {
  it.each(['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-4096'])(
    'with %s passes the gate',
    async (name) => {
      const keyPair = await storedKeyPair(name);
      const pem = await buildCertificateRequest({ keyPair, subject: 'empty', uris: [workloadUri] });
      const request = parseCertificateRequest(pem);
      expect(request).toMatchObject({ uri: workloadUri, pem });
      expect(Buffer.from(request.publicKey.spkiDer).equals(keyPair.spkiDer)).toBe(true);
    },
  );

  it.each([
    ['empty', '3000'],
    ['empty-organization', '300b31093007060355040a1300'],
  ] as const)('has the subject that is called %s', async (subject, hex) => {
    const keyPair = await storedKeyPair('ec-p256');
    const pem = await buildCertificateRequest({ keyPair, subject, uris: [workloadUri] });
    expect(Buffer.from(parseCertificateRequest(pem).subjectDer).toString('hex')).toBe(hex);
  });

  it('may be for a server: host names and a common name', async () => {
    const pem = await buildCertificateRequest({
      keyPair: await storedKeyPair('ec-p256'),
      subject: 'empty',
      commonName: 'istiod.istio-system.svc',
      dnsNames: ['istiod.istio-system.svc', 'localhost'],
    });
    const request = new x509.Pkcs10CertificateRequest(pem);
    expect(request.subject).toBe('CN=istiod.istio-system.svc');
    const names = request.getExtension('2.5.29.17') as x509.SubjectAlternativeNameExtension;
    expect(names.names.items.map(({ value }) => value)).toEqual([
      'istiod.istio-system.svc',
      'localhost',
    ]);
  });
});

describe('a certificate that we build', () => {
  const emptyOrganization = Buffer.from('300b31093007060355040a1300', 'hex');

  it.each(['ec-p256', 'ec-p384', 'rsa-2048'])(
    'and its issuer, of %s, make a path',
    async (name) => {
      const [caKey, leafKey] = [await storedKeyPair(name), await storedKeyPair('ec-p256-other')];
      const rootPem = await buildCertificate(template(caKey), { kind: 'self', keyPair: caKey });
      const leafPem = await buildCertificate(
        template(leafKey, { isCa: false, keyUsages: [], uris: [workloadUri] }),
        { kind: 'issuer', certificatePem: rootPem, keyPair: caKey },
      );
      const [root, leaf] = [read(rootPem), read(leafPem)];
      const path = new ChainVerifier().buildPath({ leaf, candidates: [], roots: [root], at: now });
      expect(path).toEqual([leaf, root]);
      expect(leaf.authorityKeyId).toBe(root.subjectKeyId);
    },
  );

  it('says what its template says', async () => {
    const keyPair = await storedKeyPair('ec-p256');
    const pem = await buildCertificate(
      template(keyPair, {
        subject: { subjectDer: emptyOrganization },
        serialNumber: '0a0b0c',
        notBefore: now + 999,
        isCa: false,
        keyUsages: ['digitalSignature'],
        extendedKeyUsages: ['serverAuth', '1.2.3'],
        uris: [workloadUri],
        dnsNames: ['localhost'],
        ipAddresses: ['127.0.0.1', '::1'],
        extraExtensions: [{ oid: '1.2.4', critical: true, valueDer: der.nullValue() }],
      }),
      { kind: 'self', keyPair },
    );
    const certificate = read(pem);
    expect(certificate).toMatchObject({
      ...{ serialNumber: '0a0b0c', notBefore: now, notAfter: now + hourMs, isCa: false },
      ...{ extendedKeyUsages: ['serverAuth', '1.2.3'], unknownCriticalExtensions: ['1.2.4'] },
    });
    expect(Buffer.from(certificate.subjectDer).equals(emptyOrganization)).toBe(true);
    expect(certificate.keyUsages).toEqual(new Set(['digitalSignature']));
    expect(certificate.subjectAltNames.map(({ value }) => value)).toEqual([
      ...[workloadUri, 'localhost', '127.0.0.1', '::1'],
    ]);
  });

  it('limits its path where told to', async () => {
    const keyPair = await storedKeyPair('ec-p256');
    const issuer = { kind: 'self', keyPair } as const;
    const pem = await buildCertificate(template(keyPair, { pathLength: 0 }), issuer);
    expect(read(pem)).toMatchObject({ isCa: true, pathLength: 0 });
  });

  it('has a positive serial number of its own where none is given', async () => {
    const keyPair = await storedKeyPair('ec-p256');
    const build = (): Promise<string> =>
      buildCertificate(template(keyPair), { kind: 'self', keyPair });
    const numbers = [read(await build()), read(await build())].map((c) => c.serialNumber);
    expect(new Set(numbers).size).toBe(2);
    expect(numbers.every((hex) => Number.parseInt(hex.slice(0, 2), 16) < 0x80)).toBe(true);
  });

  it.each(['ec-p256', 'rsa-2048'])('can be a bad one, signed with SHA-1 by %s', async (name) => {
    const keyPair = await storedKeyPair(name);
    const issuer = { kind: 'self', keyPair } as const;
    const pem = await buildCertificate(template(keyPair, { hash: 'SHA-1' }), issuer);
    expect(read(pem).signatureAlgorithm.kind).toBe('weak');
  });

  it('ends after 2049 where told to', async () => {
    const keyPair = await storedKeyPair('ec-p256');
    const notAfter = Date.UTC(2055, 0, 1);
    const issuer = { kind: 'self', keyPair } as const;
    const pem = await buildCertificate(template(keyPair, { notAfter }), issuer);
    expect(read(pem).notAfter).toBe(notAfter);
  });
});

describe('a summary', () => {
  it('says in words what a chain is', async () => {
    const keyPair = await storedKeyPair('rsa-2048');
    const pem = await buildCertificate(
      template(keyPair, {
        ...{ subject: { organization: 'Acme', commonName: 'root' }, serialNumber: '0102' },
        ...{ extendedKeyUsages: ['clientAuth'], uris: [workloadUri], dnsNames: ['a.b'] },
      }),
      { kind: 'self', keyPair },
    );
    expect(summarizeChain([pem])).toEqual([
      {
        subject: 'O=Acme, CN=root',
        issuer: 'O=Acme, CN=root',
        subjectAltNames: [`uri:${workloadUri}`, 'dns:a.b'],
        serialNumber: '0102',
        notBefore: new Date(now),
        notAfter: new Date(now + hourMs),
        key: 'RSA 2048',
        isCa: true,
        keyUsages: ['keyCertSign', 'cRLSign'],
        extendedKeyUsages: ['clientAuth'],
      },
    ]);
  });
});
