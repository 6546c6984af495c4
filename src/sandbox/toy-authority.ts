import { buildCertificate } from '../pki/certificate-builder.ts';
import type { IssuerKeyPair, CertificateTemplate } from '../pki/certificate-builder.ts';
import type { KeyAlgorithm } from '../pki/key-algorithm.ts';
import { generateKeyPair } from '../pki/key-pair.ts';
import type { KeyPair } from '../pki/key-pair.ts';

export interface ToyAuthorityOptions {
  readonly commonName: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  readonly keyAlgorithm?: KeyAlgorithm;
  /** Leaves are signed by an intermediate instead of the root. */
  readonly intermediate?: boolean;
}

const day = 24 * 60 * 60 * 1000;
const rootLifetimeMs = 3650 * day;
const intermediateLifetimeMs = 365 * day;
/** Clocks differ a little. */
const backdatingMs = 60 * 1000;

/** A certificate authority that lives as long as the sandbox. */
export class ToyAuthority {
  readonly rootPem: string;
  /** Between leaf and root, in the order of a chain; empty when the root signs. */
  readonly intermediatePems: readonly string[];
  readonly #issuer: IssuerKeyPair;

  private constructor(rootPem: string, intermediatePems: readonly string[], keyPair: KeyPair) {
    this.rootPem = rootPem;
    this.intermediatePems = intermediatePems;
    this.#issuer = { kind: 'issuer', certificatePem: intermediatePems[0] ?? rootPem, keyPair };
  }

  static async create(options: ToyAuthorityOptions): Promise<ToyAuthority> {
    const { commonName, keyAlgorithm = 'ecdsa-p256' } = options;
    const [rootKey, intermediateKey] = await Promise.all([
      generateKeyPair(keyAlgorithm),
      options.intermediate === true ? generateKeyPair(keyAlgorithm) : undefined,
    ]);
    const rootTemplate = authorityTemplate(`${commonName} root`, rootKey, options.now);
    const rootPem = await buildCertificate(
      { ...rootTemplate, notAfter: options.now + rootLifetimeMs },
      { kind: 'self', keyPair: rootKey },
    );
    if (intermediateKey === undefined) return new ToyAuthority(rootPem, [], rootKey);
    const template = authorityTemplate(`${commonName} intermediate`, intermediateKey, options.now);
    const intermediatePem = await buildCertificate(
      { ...template, notAfter: options.now + intermediateLifetimeMs, pathLength: 0 },
      { kind: 'issuer', certificatePem: rootPem, keyPair: rootKey },
    );
    return new ToyAuthority(rootPem, [intermediatePem], intermediateKey);
  }

  /** A leaf in PEM, signed whatever the template says. */
  sign(template: CertificateTemplate): Promise<string> {
    return buildCertificate(template, this.#issuer);
  }
}

function authorityTemplate(
  commonName: string,
  { spkiDer }: KeyPair,
  now: number,
): Omit<CertificateTemplate, 'notAfter'> {
  return {
    subject: { organization: 'istio-ra sandbox', commonName },
    spkiDer,
    notBefore: now - backdatingMs,
    isCa: true,
    keyUsages: ['keyCertSign', 'cRLSign'],
    extendedKeyUsages: [],
    uris: [],
    dnsNames: [],
  };
}
