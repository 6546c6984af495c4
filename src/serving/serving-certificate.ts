import { randomBytes } from 'node:crypto';
import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { silentLogger } from '../base/logger.ts';
import type { Logger } from '../base/logger.ts';
import { isConflict } from '../kube/api-error.ts';
import type { SigningRequest, SigningRequests } from '../kube/signing-requests.ts';
import { buildCertificateRequest } from '../pki/certificate-request-builder.ts';
import { exportPrivateKeyPem, generateKeyPair } from '../pki/key-pair.ts';
import { outcomeOf } from '../signer/csr/outcome.ts';
import { managedByLabel, managedByValue } from '../signer/csr/request-draft.ts';

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
  /** Of the key's public half: SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). */
  readonly spkiDer: Uint8Array;
}

/** The longest that a request for a certificate of ours is in the cluster, removal included. */
export const longestServingRequestMs = { self: 60_000, external: 300_000 };

const usages = ['digital signature', 'key encipherment', 'server auth'];
const removalMs = 5_000;
const firstPollMs = 50;
const longestPollMs = 1_000;
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
  const { requests, clock, signerName, dnsNames, ttlSeconds } = options;
  // An elliptic-curve key makes each of the clients' handshakes cheaper than an RSA key would.
  const keyPair = await generateKeyPair('ecdsa-p256');
  const template = { keyPair, subject: 'empty-organization', dnsNames } as const;
  const draft = {
    name: `ra-serving-${randomBytes(10).toString('hex')}`,
    // No replica's label: its watch is for workloads. The reaper knows it by this one.
    labels: { [managedByLabel]: managedByValue },
    annotations: {},
    signerName,
    requestPem: await buildCertificateRequest(template),
    usages,
    expirationSeconds: ttlSeconds,
  };
  const ms = longestServingRequestMs[options.approval ?? 'self'] - removalMs;
  const reason = (): Error =>
    new Error(`${signerName} did not sign the serving certificate within ${ms / 1000} s`);
  return withDeadline({ clock, ms, reason, parent: options.signal }, async (signal) => {
    const created = await requests.create(draft, signal);
    try {
      const certificateChainPem = await awaitCertificate(created, options, signal);
      const privateKeyPem = await exportPrivateKeyPem(keyPair);
      return { certificateChainPem, privateKeyPem, spkiDer: keyPair.spkiDer };
    } finally {
      await remove(created, options);
    }
  });
}

async function awaitCertificate(
  created: SigningRequest,
  options: ServingCertificateOptions,
  signal: AbortSignal,
): Promise<string> {
  const { requests, clock, signerName } = options;
  let current = created;
  for (let pauseMs = firstPollMs; ; pauseMs = Math.min(2 * pauseMs, longestPollMs)) {
    const outcome = outcomeOf(current);
    if (outcome.kind === 'issued') return outcome.certificatePem;
    if (outcome.kind !== 'pending') {
      throw new Error(`${signerName} ${outcome.kind} the serving certificate: ${outcome.message}`);
    }
    if (!outcome.approved && options.approval !== 'external') {
      await approve(current, options, signal);
    }
    await sleep(clock, pauseMs, signal);
    const found = await requests.read(created.name, signal);
    if (found?.uid !== created.uid) {
      throw new Error('the request for the serving certificate was deleted');
    }
    current = found;
  }
}

/** Somebody may have written to the object meanwhile: the next look approves what is there then. */
async function approve(
  request: SigningRequest,
  { requests, signerName, log = silentLogger }: ServingCertificateOptions,
  signal: AbortSignal,
): Promise<void> {
  const { name: csrName, uid } = request;
  log.info('approving the request for a serving certificate', { csrName, uid, signer: signerName });
  try {
    await requests.approve(request, approval, signal);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

/** What cannot be removed now is the reaper's. */
async function remove(
  { name, uid }: SigningRequest,
  { requests, clock, log = silentLogger }: ServingCertificateOptions,
): Promise<void> {
  const reason = (): Error => new Error('the API server took too long');
  try {
    await withDeadline({ clock, ms: removalMs, reason }, (signal) =>
      requests.remove({ name, uid }, signal),
    );
  } catch (error) {
    log.debug('the request for the serving certificate is left to the reaper', {
      csrName: name,
      error,
    });
  }
}
