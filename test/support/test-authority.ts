import { buildCertificate } from '../../src/pki/certificate-builder.ts';
import type { CertificateTemplate } from '../../src/pki/certificate-builder.ts';
import type { KeyAlgorithm } from '../../src/pki/key-algorithm.ts';
import { generateKeyPair } from '../../src/pki/key-pair.ts';
import type { KeyPair } from '../../src/pki/key-pair.ts';

const yearMs = 365 * 86_400_000;

/** A certificate authority of a test: it signs whatever it is told to. */
export class TestAuthority {
  readonly certificatePem: string;
  readonly #keyPair: KeyPair;

  private constructor(certificatePem: string, keyPair: KeyPair) {
    this.certificatePem = certificatePem;
    this.#keyPair = keyPair;
  }

  /** A root, or with `issuer` an intermediate. */
  static async make(
    name: string,
    now: number,
    options: {
      readonly issuer?: TestAuthority;
      readonly algorithm?: KeyAlgorithm;
      readonly template?: Partial<CertificateTemplate>;
    } = {},
  ): Promise<TestAuthority> {
    const keyPair = await generateKeyPair(options.algorithm ?? 'ecdsa-p256');
    const template: CertificateTemplate = {
      subject: { commonName: name },
      spkiDer: keyPair.spkiDer,
      notBefore: now - 60_000,
      notAfter: now + yearMs,
      isCa: true,
      keyUsages: ['keyCertSign', 'cRLSign'],
      extendedKeyUsages: [],
      uris: [],
      dnsNames: [],
      ...options.template,
    };
    const pem =
      options.issuer === undefined
        ? await buildCertificate(template, { kind: 'self', keyPair })
        : await options.issuer.sign(template);
    return new TestAuthority(pem, keyPair);
  }

  sign(template: CertificateTemplate): Promise<string> {
    return buildCertificate(template, {
      kind: 'issuer',
      certificatePem: this.certificatePem,
      keyPair: this.#keyPair,
    });
  }
}
