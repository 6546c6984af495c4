import { randomUUID } from 'node:crypto';
import { RaError } from '../base/ra-error.ts';
import type { RaConfig } from '../config/ra-config.ts';
import {
  identityAnnotation,
  managedByLabel,
  managedByValue,
  replicaLabel,
} from '../kube/labels.ts';
import type { SigningRequestDraft } from '../kube/signing-requests.ts';
import type { Certificate } from '../pki/certificate.ts';
import { buildCertificateRequest } from '../pki/certificate-request-builder.ts';
import { ChainVerifier } from '../pki/chain.ts';
import { generateKeyPair } from '../pki/key-pair.ts';
import type { SpiffeId } from '../pki/spiffe-id.ts';
import { verifyIssued } from '../ra/verified-chain.ts';
import { issueOnce, oneDeletionMs } from '../signer/csr/issue-once.ts';
import type { OneRequestEnd } from '../signer/csr/issue-once.ts';
import { workloadUsages } from '../signer/csr/request-draft.ts';
import { failed, ok } from './check.ts';
import type { CheckVerdict } from './check.ts';
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
/** The shortest that the API takes. */
const ttlSeconds = 600;
const approval = { reason: 'IstioRaCheck', message: 'istio-ra check tries out the signer' };

/** Longest that `sendCanary` takes, in milliseconds. */
export const maxCanaryMs = waitMs + 2 * oneDeletionMs;

/**
 * Has a signer sign a certificate of ten minutes for a key that is thrown away at once, checks it as a
 * workload's is checked, and removes the object whatever comes. Rejects where the API fails, or on abort.
 */
export async function sendCanary(
  order: CanaryOrder,
  ports: CanaryPorts,
  signal: AbortSignal,
): Promise<CheckVerdict> {
  const keyPair = await generateKeyPair('ecdsa-p256');
  const uris = [order.identity.uri];
  const requestPem = await buildCertificateRequest({
    keyPair,
    subject: 'empty-organization',
    uris,
  });
  const end = await issueOnce(
    {
      draft: draftOf(order, requestPem),
      approval: order.approval === 'self' ? approval : undefined,
      waitMs,
      withoutReaper: true,
    },
    { requests: ports.signingRequests, clock: ports.clock },
    signal,
  );
  return await judgeEnd(end, { order, spkiDer: keyPair.spkiDer, ports, signal });
}

function draftOf({ signer, identity }: CanaryOrder, requestPem: string): SigningRequestDraft {
  return {
    name: `ra-canary-${randomUUID()}`,
    // A replica that runs deletes what we leave behind when we are killed.
    labels: { [managedByLabel]: managedByValue, [replicaLabel]: 'check' },
    annotations: { [identityAnnotation]: identity.uri },
    signerName: signer,
    requestPem,
    usages: workloadUsages,
    expirationSeconds: ttlSeconds,
  };
}

interface CanaryRun {
  readonly order: CanaryOrder;
  readonly spkiDer: Uint8Array;
  readonly ports: CanaryPorts;
  readonly signal: AbortSignal;
}

async function judgeEnd(
  { request, outcome }: OneRequestEnd,
  run: CanaryRun,
): Promise<CheckVerdict> {
  const { order, ports, signal } = run;
  const { signer } = order;
  switch (outcome.kind) {
    case 'deleted':
      return failed('somebody deleted the request', 'find out who');
    case 'issued':
      return judgeChain(outcome.certificatePem, run);
    case 'denied':
    case 'failed': {
      const type = outcome.kind === 'denied' ? 'Denied' : 'Failed';
      const said = [outcome.reason, outcome.message]
        .filter((text) => text !== '' && text !== type)
        .join(': ');
      return failed(`${signer}: ${type}: ${said}`, 'do what the signer or approver says');
    }
    case 'pending': {
      const event = await ports.requestEvents.latest(request, signal).catch(() => undefined);
      return judgeSilence(signer, { event, isApproved: outcome.approved });
    }
  }
}

/** Of a request that had no answer. */
export function judgeSilence(
  signer: string,
  { event, isApproved }: { readonly event: string | undefined; readonly isApproved: boolean },
): CheckVerdict {
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

function judgeChain(pem: string, { order, spkiDer, ports }: CanaryRun): CheckVerdict {
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
