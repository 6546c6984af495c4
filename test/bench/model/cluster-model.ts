/** What one certificate costs, and what is spent without any; CPU in milliseconds. */
export interface ModelInputs {
  /** Each second, with nobody about. */
  readonly idle: Cost;
  /** A certificate that comes by itself, as renewals do. */
  readonly single: Cost;
  /** Certificates a second, as fast as they are answered. */
  readonly maxPerSecond: number;
  /** Calls of the signer to the API server for each certificate. */
  readonly signerCalls: number;
}

/** CPU milliseconds of istio-ra and of the API server. */
export interface Cost {
  readonly ownMs: number;
  readonly apiServerMs: number;
}

export interface Cluster {
  readonly pods: number;
  readonly ttlSeconds: number;
  /** The signer's client limit, calls a second. */
  readonly signerQps: number;
}

/** What a cluster asks for, and what that takes. */
export interface Forecast {
  /** Certificates a second, when nothing happens but renewals. */
  readonly perSecond: number;
  /** CPU in each second of that. */
  readonly cost: Cost;
  /** Certificates a second that the signer's limit lets through. */
  readonly signerMaxPerSecond: number;
  /** How long it takes until each pod has a certificate, when all begin at once. */
  readonly restartSeconds: number;
}

/** Istio's agents renew at half of the lifetime (SECRET_GRACE_PERIOD_RATIO). */
const renewedAt = 0.5;

/** CPU in each second at a rate: what is spent anyway, and each certificate's. */
export function costAt(
  { idle, single }: Pick<ModelInputs, 'idle' | 'single'>,
  perSecond: number,
): Cost {
  return {
    ownMs: idle.ownMs + perSecond * single.ownMs,
    apiServerMs: idle.apiServerMs + perSecond * single.apiServerMs,
  };
}

export function forecast(inputs: ModelInputs, cluster: Cluster): Forecast {
  const perSecond = cluster.pods / (cluster.ttlSeconds * renewedAt);
  const signerMaxPerSecond = cluster.signerQps / inputs.signerCalls;
  const restartPerSecond = Math.min(inputs.maxPerSecond, signerMaxPerSecond);
  return {
    perSecond,
    cost: costAt(inputs, perSecond),
    signerMaxPerSecond,
    restartSeconds: cluster.pods / restartPerSecond,
  };
}
