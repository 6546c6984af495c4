import { randomUUID } from 'node:crypto';
import { sleep } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { RaError } from '../base/ra-error.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { SigningRequest, SigningRequestDraft } from '../kube/signing-requests.ts';
import type { Certificate } from '../pki/certificate.ts';
import { buildCertificateRequest } from '../pki/certificate-request-builder.ts';
import { ChainVerifier } from '../pki/chain.ts';
import { generateKeyPair } from '../pki/key-pair.ts';
import type { SpiffeId } from '../pki/spiffe-id.ts';
import { verifyIssued } from '../ra/verified-chain.ts';
import { failed, ok } from './check.ts';
import type { Verdict } from './check.ts';
import { describeRoot } from './describe-root.ts';
import type { CheckPorts } from './ports.ts';

export interface CanaryOrder {
  readonly signer: string;
  /** Of nobody: no pod runs as it. */
  readonly identity: SpiffeId;
  readonly roots: readonly Certificate[];
  readonly approval: RaConfig['approval'];
}

export type CanaryPorts = Pick<CheckPorts, 'signingRequests' | 'requestEvents' | 'clock'>;

const waitMs = 30_000;
const pollMs = 500;
const removalMs = 5_000;
/** The shortest that the API takes. */
const ttlSeconds = 600;
const usages = ['digital signature', 'key encipherment', 'server auth', 'client auth'];

/** Longest that `sendCanary` takes, in milliseconds. */
export const longestCanaryMs = waitMs + 2 * removalMs;

/**
 * Has a signer sign a certificate of ten minutes for a key that is thrown away at once, checks it as a
 * workload's is checked, and removes the object whatever comes. Rejects where the API fails, or on abort.
 */
export async function sendCanary(
  order: CanaryOrder,
  ports: CanaryPorts,
  signal: AbortSignal,
): Promise<Verdict> {
  const { signingRequests } = ports;
  const keyPair = await generateKeyPair('ecdsa-p256');
  const uris = [order.identity.uri];
  const requestPem = await buildCertificateRequest({
    keyPair,
    subject: 'empty-organization',
    uris,
  });
  const draft = draftOf(order, requestPem);
  const { spkiDer } = keyPair;
  let created: SigningRequest | undefined;
  try {
    created = await signingRequests.create(draft, signal);
    if (order.approval === 'self') {
      const approval = { reason: 'IstioRaCheck', message: 'istio-ra check tries out the signer' };
      await signingRequests.approve(created, approval, signal);
    }
    const outcome = await awaitOutcome(created, ports, signal);
    return await judgeOutcome(outcome, { order, spkiDer, ports, signal });
  } finally {
    await remove(draft.name, created, ports);
  }
}

function draftOf({ signer, identity }: CanaryOrder, requestPem: string): SigningRequestDraft {
  return {
    name: `ra-canary-${randomUUID()}`,
    // A replica that runs removes what we leave behind when we are killed.
    labels: { 'app.kubernetes.io/managed-by': 'istio-ra', 'istio-ra/replica': 'check' },
    annotations: { 'istio-ra/identity': identity.uri },
    signerName: signer,
    requestPem,
    usages,
    expirationSeconds: ttlSeconds,
  };
}

/** The object as it was in the end: signed, denied, failed, or still without an answer after 30 s. */
async function awaitOutcome(
  { name }: SigningRequest,
  { signingRequests, clock }: CanaryPorts,
  signal: AbortSignal,
): Promise<SigningRequest | undefined> {
  const end = clock.monotonic() + waitMs;
  for (;;) {
    const now = await signingRequests.read(name, signal);
    const isOver =
      now === undefined ||
      now.certificatePem !== undefined ||
      now.conditions.some(({ type }) => type === 'Denied' || type === 'Failed');
    if (isOver || clock.monotonic() >= end) return now;
    await sleep(clock, pollMs, signal);
  }
}

interface Judgement {
  readonly order: CanaryOrder;
  readonly spkiDer: Uint8Array;
  readonly ports: CanaryPorts;
  readonly signal: AbortSignal;
}

async function judgeOutcome(
  request: SigningRequest | undefined,
  judgement: Judgement,
): Promise<Verdict> {
  const { order, ports, signal } = judgement;
  const { signer } = order;
  if (request === undefined) return failed('somebody deleted the request', 'find out who');
  if (request.certificatePem !== undefined) return judgeChain(request.certificatePem, judgement);
  const end = request.conditions.find(({ type }) => type === 'Denied' || type === 'Failed');
  if (end !== undefined) {
    const said = [end.reason, end.message].filter((text) => text !== undefined).join(': ');
    return failed(`${signer}: ${end.type}: ${said}`, 'do what the signer or approver says');
  }
  const event = await ports.requestEvents.latest(request, signal).catch(() => undefined);
  return judgeSilence(signer, { event, isApproved: isApproved(request) });
}

function isApproved({ conditions }: SigningRequest): boolean {
  return conditions.some(({ type }) => type === 'Approved');
}

/** Of a request that had no answer. */
export function judgeSilence(
  signer: string,
  { event, isApproved }: { readonly event: string | undefined; readonly isApproved: boolean },
): Verdict {
  const seconds = waitMs / 1000;
  if (!isApproved) {
    const fix = 'see whoever is to approve: CSR_APPROVAL=external waits for somebody else';
    return failed(`${signer}: nobody approved the request within ${seconds} s`, fix);
  }
  if (event !== undefined) {
    const text = `${signer}: no certificate within ${seconds} s; it said: ${event}`;
    return failed(text, 'do what the event says, mostly of the issuer');
  }
  const fix =
    'see whether the signer runs; cert-manager signs CertificateSigningRequests only with ' +
    '--feature-gates=ExperimentalCertificateSigningRequestControllers=true';
  return failed(`${signer}: no certificate and no word within ${seconds} s of approval`, fix);
}

function judgeChain(pem: string, { order, spkiDer, ports }: Judgement): Verdict {
  const { signer, identity, roots } = order;
  const now = ports.clock.now();
  const admitted = { identity: { id: identity }, request: { publicKey: { spkiDer } } };
  try {
    const { anchor } = verifyIssued(pem, {
      order: { admitted, ttlSeconds },
      roots,
      verifier: new ChainVerifier(),
      now,
    });
    return ok(`${signer} signs, under ${describeRoot(anchor)}`);
  } catch (error) {
    if (!(error instanceof RaError)) throw error;
    const text = `${signer} signed what every workload would be refused: ${error.message} (${error.reason})`;
    const fix = error.reason.startsWith('chain_')
      ? 'put the root of the CA that the issuer signs with into caCertificates of the mesh config'
      : 'correct the issuer, so that it signs what it is asked for and nothing else';
    return failed(text, fix);
  }
}

/** By its name where the answer to our create was lost. Not bound to the signal: we clean up in the end. */
async function remove(
  name: string,
  created: SigningRequest | undefined,
  { signingRequests, clock }: CanaryPorts,
): Promise<void> {
  const reason = (): Error => new Error(`${name} could not be removed in time`);
  await withDeadline({ clock, ms: removalMs, reason }, async (signal) => {
    const target = created ?? (await signingRequests.read(name, signal));
    if (target !== undefined) await signingRequests.remove(target, signal);
  }).catch(() => undefined);
}
