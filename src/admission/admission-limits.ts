import type { Rate } from '../base/token-bucket.ts';

/** The figures of admission. Where a rate is undefined there is no such limit. */
export interface AdmissionLimits {
  /** How many may be in authentication at once. */
  readonly authenticating: number;
  /** How many of them may come over one connection where others wait. */
  readonly authenticatingPerConnection: number;
  /** How many may be at work for callers who are known. */
  readonly working: number;
  /** How many of them may be for one namespace where others wait. */
  readonly workingPerNamespace: number;
  /** Of each of the two queues. */
  readonly maxWaiting: number;
  readonly maxWaitingBytes: number;
  /** Of a pod that asks for itself. */
  readonly perPod: Rate | undefined;
  /** Of a caller whose proof is bound to no pod: many machines may share one identity. */
  readonly perIdentity: Rate | undefined;
  /** Of a node agent's pod that asks for the pods of its node. */
  readonly perNodeAgent: Rate | undefined;
  /** How often authentication may fail on one connection. */
  readonly failuresPerConnection: Rate | undefined;
  /** How many pods, identities, agents and connections are kept count of, each. */
  readonly maxKeys: number;
  /** How long an answer is held back that clients take as an invitation to come again at once. */
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  readonly maxDelayed: number;
}

export const defaultLimits: AdmissionLimits = {
  authenticating: 64,
  authenticatingPerConnection: 16,
  working: 256,
  workingPerNamespace: 64,
  // All pods of a large mesh that start again together fit in.
  maxWaiting: 4_000,
  maxWaitingBytes: 16 * 1_048_576,
  // A pod needs two certificates a day. An identity may be a thousand replicas: it is no key for pods.
  perPod: { perSecond: 5 / 60, burst: 20 },
  perIdentity: { perSecond: 5, burst: 100 },
  perNodeAgent: { perSecond: 50, burst: 300 },
  failuresPerConnection: { perSecond: 20 / 60, burst: 20 },
  maxKeys: 50_000,
  delayMinMs: 500,
  delayMaxMs: 1_500,
  maxDelayed: 8_192,
};

/** What admission is like where nothing is limited and no answer is held back. */
export const noLimits: AdmissionLimits = {
  authenticating: Infinity,
  authenticatingPerConnection: Infinity,
  working: Infinity,
  workingPerNamespace: Infinity,
  maxWaiting: 1,
  maxWaitingBytes: 1,
  perPod: undefined,
  perIdentity: undefined,
  perNodeAgent: undefined,
  failuresPerConnection: undefined,
  maxKeys: 1,
  delayMinMs: 0,
  delayMaxMs: 0,
  maxDelayed: 0,
};
