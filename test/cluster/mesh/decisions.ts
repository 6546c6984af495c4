import { awaitUntil } from '../../e2e/stack/await-until.ts';
import type { ClusterContext } from './cluster-context.ts';

/** What a chapter looks at in a line of the audit trail. */
export interface Decision {
  readonly kind: string;
  readonly outcome: string;
  readonly code?: string;
  readonly reason?: string;
  readonly identity?: string;
  readonly callerPod?: string;
  /** The signer that was asked for, and the one that was given. */
  readonly certSigner?: string;
  readonly signer?: string;
}

const shown = [
  ...(['kind', 'outcome', 'code', 'reason', 'identity'] as const),
  ...(['callerPod', 'certSigner', 'signer'] as const),
];

/** Waits for a decision of any replica that fits; the audit trail is in the log of the pods by default. */
export async function awaitDecision(
  context: ClusterContext,
  since: Date,
  fits: (decision: Decision) => boolean,
): Promise<Decision> {
  return awaitUntil(
    async () => (await decisionsSince(context, since)).find((decision) => fits(decision)),
    { what: 'the audit trail has the decision', timeoutMs: 120_000, intervalMs: 500 },
  );
}

/** The decisions of all replicas since a moment; the API server counts it by whole seconds. */
export async function decisionsSince(
  context: ClusterContext,
  since: Date,
): Promise<readonly Decision[]> {
  const printed = await context.kubectl.run(
    ...['logs', '--namespace', 'istio-system', '--selector', 'app.kubernetes.io/name=istio-ra'],
    ...['--tail=-1', `--since-time=${new Date(since.getTime() - 1000).toISOString()}`],
  );
  return printed
    .split('\n')
    .filter((line) => line.includes('"kind":"decision"'))
    .map((line) => {
      const read = JSON.parse(line) as Decision;
      return Object.fromEntries(shown.map((name) => [name, read[name]])) as unknown as Decision;
    });
}
