import { messageOf } from '../base/error-message.ts';
import { ChainVerifier } from '../pki/chain.ts';
import { parseCertificate } from '../pki/certificate.ts';
import type { Certificate } from '../pki/certificate.ts';
import { buildCertificateRequest } from '../pki/certificate-request-builder.ts';
import type { KeyAlgorithm } from '../pki/key-algorithm.ts';
import { exportPrivateKeyPem, generateKeyPair } from '../pki/key-pair.ts';
import { parseCertificateBundle } from '../pki/pem.ts';

/** Thrown when the authority's answer is not what a workload can use. */
export class UnusableAnswerError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnusableAnswerError';
  }
}

/** A fresh key and the CSR for it, as a sidecar makes them. */
export interface KeyAndRequest {
  readonly privateKeyPem: string;
  readonly csrPem: string;
  readonly spkiDer: Uint8Array;
}

/** Makes a key and a CSR in the shape of Istio's agent. */
export async function makeKeyAndRequest(
  identity: string,
  algorithm: KeyAlgorithm,
): Promise<KeyAndRequest> {
  const keyPair = await generateKeyPair(algorithm);
  const template = { keyPair, subject: 'empty-organization', uris: [identity] } as const;
  return {
    privateKeyPem: await exportPrivateKeyPem(keyPair),
    csrPem: await buildCertificateRequest(template),
    spkiDer: keyPair.spkiDer,
  };
}

/** What a workload asked for and must have got. */
export interface Asked {
  readonly identity: string;
  readonly spkiDer: Uint8Array;
  readonly now: number;
}

/**
 * Checks an answer as a careful workload would: its own key and identity in the first element, and a
 * path from there to the roots in the last. Returns the leaf. Throws UnusableAnswerError.
 */
export function verifyAnswer(chain: readonly string[], asked: Asked): Certificate {
  if (chain.length < 2) throw new UnusableAnswerError('the answer holds no root');
  try {
    const elements = chain.map((pem) =>
      parseCertificateBundle(pem).map((der) => parseCertificate(der)),
    );
    const leaf = checkedLeaf(elements[0]?.[0], asked);
    const candidates = elements.slice(1, -1).flat();
    const roots = elements.at(-1) ?? [];
    const at = Math.max(asked.now, leaf.notBefore);
    new ChainVerifier().buildPath({ leaf, candidates, roots, at });
    return leaf;
  } catch (cause) {
    const problem = messageOf(cause);
    throw new UnusableAnswerError(problem, { cause });
  }
}

function checkedLeaf(leaf: Certificate | undefined, asked: Asked): Certificate {
  if (leaf === undefined) throw new Error('the answer holds no certificate');
  if (Buffer.compare(leaf.spkiDer, asked.spkiDer) !== 0) {
    throw new Error('the certificate is for another key');
  }
  const [name, ...others] = leaf.subjectAltNames;
  if (name?.kind !== 'uri' || name.value !== asked.identity || others.length > 0) {
    throw new Error('the certificate is for another identity');
  }
  return leaf;
}
