import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { silentLogger } from '../base/logger.ts';
import type { Logger } from '../base/logger.ts';
import { managedByLabel, managedByValue } from '../kube/labels.ts';
import type { SigningRequests } from '../kube/signing-requests.ts';
import { buildCertificateRequest } from '../pki/certificate-request-builder.ts';
import { exportPrivateKeyPem, generateKeyPair } from '../pki/key-pair.ts';
import { issueOnce, oneDeletionMs } from '../signer/csr/issue-once.ts';
import type { OneRequest, OneRequestEnd } from '../signer/csr/issue-once.ts';

export interface ServingCertificateOptions {
  readonly requests: SigningRequests;
  readonly clock: Clock;
  /** The full name of the signer that signs for the server. */
  readonly signerName: string;
  readonly dnsNames: readonly string[];
  readonly ttlSeconds: number;
  /** Who approves the request: we ourselves where absent. */
  readonly approval?: 'self' | 'external';
  readonly log?: Logger;
  /** Ends the attempt early, with its own reason. */
  readonly signal?: AbortSignal;
}

export interface ServingCertificate {
  /** As the signer sent it: not verified. */
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  /** The key's public half: SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). */
  readonly spkiDer: Uint8Array;
}

/** The longest that a request for a certificate of ours is in the cluster, its deletion included. */
export const maxServingRequestMs = { self: 60_000, external: 300_000 };

const usages = ['digital signature', 'key encipherment', 'server auth'];
const approval = {
  reason: 'IstioRegistrationAuthority',
  message: 'serving certificate of istio-ra itself',
};

/**
 * Gets a serving certificate of our own through the Kubernetes API, as istiod does with
 * PILOT_CERT_PROVIDER=k8s.io/<signer>. The key never leaves the process. Throws when the signer
 * refuses or does not sign within a minute; where others approve they have five.
 */
export async function requestServingCertificate(
  options: ServingCertificateOptions,
): Promise<ServingCertificate> {
  const { requests, clock, signerName, dnsNames } = options;
  // An elliptic-curve key makes each of the clients' handshakes cheaper than an RSA key would.
  const keyPair = await generateKeyPair('ecdsa-p256');
  const template = { keyPair, subject: 'empty-organization', dnsNames } as const;
  const order = orderFor(await buildCertificateRequest(template), options);
  const ms = maxServingRequestMs[options.approval ?? 'self'] - oneDeletionMs;
  const reason = (): Error =>
    new Error(`${signerName} did not sign the serving certificate within ${ms / 1000} s`);
  const end = await withDeadline({ clock, ms, reason, parent: options.signal }, (signal) =>
    issueOnce(order, { requests, clock }, signal),
  );
  const certificateChainPem = certificateIn(end, signerName);
  const privateKeyPem = await exportPrivateKeyPem(keyPair);
  return { certificateChainPem, privateKeyPem, spkiDer: keyPair.spkiDer };
}

function orderFor(
  requestPem: string,
  { signerName, ttlSeconds, log = silentLogger, ...options }: ServingCertificateOptions,
): OneRequest {
  const draft = {
    name: `ra-serving-${randomBytes(10).toString('hex')}`,
    // No replica's label: its watch is for workloads. The reaper finds the object by this one.
    labels: { [managedByLabel]: managedByValue },
    annotations: {},
    signerName,
    requestPem,
    usages,
    expirationSeconds: ttlSeconds,
  };
  return {
    draft,
    approval: options.approval === 'external' ? undefined : approval,
    onApproving: ({ name: csrName, uid }) => {
      const fields = { csrName, uid, signer: signerName };
      log.info('approving the request for a serving certificate', fields);
    },
    onNotDeleted: (error) => {
      const fields = { csrName: draft.name, error };
      log.debug('the request for the serving certificate is left to the reaper', fields);
    },
  };
}

function certificateIn({ outcome }: OneRequestEnd, signerName: string): string {
  switch (outcome.kind) {
    case 'issued':
      return outcome.certificatePem;
    case 'denied':
    case 'failed':
      throw new Error(`${signerName} ${outcome.kind} the serving certificate: ${outcome.message}`);
    case 'deleted':
      throw new Error('the request for the serving certificate was deleted');
    case 'pending':
      throw new Error('a pending request is not at its end');
  }
}
