import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { jsonPage, PageServer, textPage } from './page-server.ts';
import type { Page, PagePolicy, PageRoute } from './page-server.ts';

export interface OpsHttpServerOptions {
  /** All must hold for /ready to say 200. */
  readonly readiness: readonly ReadinessCheck[];
  /** All must hold for /healthz to say 200; none where absent. */
  readonly liveness?: readonly ReadinessCheck[] | undefined;
  /** What /version tells, as JSON. */
  readonly version: Readonly<Record<string, string>>;
  /** Further pages by whole path, such as `/metrics`. */
  readonly routes?: ReadonlyMap<string, PageRoute>;
  readonly log: Logger;
}

const policy: PagePolicy = {
  methods: ['GET', 'HEAD'],
  headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  maxConnections: 512,
  failure: 'an operations page failed',
};

/**
 * Pages for operators and probes: /ready (200, or 503 and the conditions that do not hold), /healthz (the
 * same for whether the process is to go on living), /version, and the routes it is given. The answers hold
 * no secrets.
 */
export class OpsHttpServer extends PageServer {
  constructor({ readiness, liveness = [], version, routes, log }: OpsHttpServerOptions) {
    const all = new Map<string, PageRoute>([
      ['/ready', () => checked(readiness, 'ready')],
      ['/healthz', () => checked(liveness, 'ok')],
      ['/version', () => jsonPage(version)],
      ...(routes ?? []),
    ]);
    super({ routes: all, policy, log });
  }
}

/** 200 and `allWell`, or 503 and one line `name: reason` for each check that does not hold. */
function checked(checks: readonly ReadinessCheck[], allWell: string): Page {
  const missing = checks.flatMap((check) => {
    const because = check.notReadyBecause();
    return because === undefined ? [] : [`${check.name}: ${because}`];
  });
  return missing.length === 0 ? textPage(200, allWell) : textPage(503, missing.join('\n'));
}
