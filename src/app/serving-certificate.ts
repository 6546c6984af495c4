import { randomBytes } from 'node:crypto';
import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import type { SigningRequest, SigningRequests } from '../kube/signing-requests.ts';
import { buildCertificateRequest } from '../pki/certificate-request-builder.ts';
import { exportPrivateKeyPem, generateKeyPair } from '../pki/key-pair.ts';
import { managedByLabel, managedByValue } from '../signer/request-draft.ts';
import { outcomeOf } from '../signer/outcome.ts';

export interface ServingCertificateOptions {
  readonly requests: SigningRequests;
  readonly clock: Clock;
  /** The full name of the signer that signs for the server. */
  readonly signerName: string;
  readonly dnsNames: readonly string[];
  readonly ttlSeconds: number;
}

export interface ServingCertificate {
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
}

const usages = ['digital signature', 'key encipherment', 'server auth'];
const withinMs = 60_000;
const pollMs = 50;
const approval = {
  reason: 'IstioRegistrationAuthority',
  message: 'serving certificate of istio-ra itself',
};

/**
 * Gets a serving certificate of our own through the Kubernetes API, as istiod does with
 * PILOT_CERT_PROVIDER=k8s.io/<signer>. The key never leaves the process. Throws when the signer
 * refuses or does not sign within a minute.
 */
export async function requestServingCertificate(
  options: ServingCertificateOptions,
): Promise<ServingCertificate> {
  const { requests, clock, signerName, dnsNames, ttlSeconds } = options;
  // An elliptic-curve key makes each of the clients' handshakes cheaper than an RSA key would.
  const keyPair = await generateKeyPair('ecdsa-p256');
  const template = { keyPair, subject: 'empty-organization', dnsNames } as const;
  const draft = {
    name: `ra-serving-${randomBytes(10).toString('hex')}`,
    labels: { [managedByLabel]: managedByValue },
    annotations: {},
    signerName,
    requestPem: await buildCertificateRequest(template),
    usages,
    expirationSeconds: ttlSeconds,
  };
  const reason = (): Error =>
    new Error(`${signerName} did not sign the serving certificate within a minute`);
  return withDeadline({ clock, ms: withinMs, reason }, async (signal) => {
    const created = await requests.create(draft, signal);
    try {
      await requests.approve(created, approval, signal);
      const certificateChainPem = await awaitCertificate(created, options, signal);
      return { certificateChainPem, privateKeyPem: await exportPrivateKeyPem(keyPair) };
    } finally {
      await requests.remove(created, new AbortController().signal);
    }
  });
}

async function awaitCertificate(
  { name }: SigningRequest,
  { requests, clock, signerName }: ServingCertificateOptions,
  signal: AbortSignal,
): Promise<string> {
  for (;;) {
    const request = await requests.read(name, signal);
    if (request === undefined)
      throw new Error('the request for the serving certificate was deleted');
    const outcome = outcomeOf(request);
    if (outcome.kind === 'issued') return outcome.certificatePem;
    if (outcome.kind !== 'pending') {
      throw new Error(`${signerName} ${outcome.kind} the serving certificate: ${outcome.message}`);
    }
    await sleep(clock, pollMs, signal);
  }
}
