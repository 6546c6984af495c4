import { randomUUID } from 'node:crypto';
import type { AssignmentInputSource } from '../authz/assignment-inputs.ts';
import type { Clock } from '../base/clock.ts';
import type { ReadinessCheck, Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { RecentDecisions } from '../ra/recent-decisions.ts';
import { DebugHttpServer } from '../server/debug-http-server.ts';
import { answerJson, refuseOthers } from './json-answer.ts';
import { decisionsRoute } from './decisions-route.ts';
import { fileRoutes } from './page-files.ts';
import { Health } from './health.ts';
import type { HealthSources } from './health.ts';
import { identitiesRoute } from './identities-route.ts';
import { SeenIdentities } from './seen-identities.ts';
import { explainRoute } from './explain-route.ts';
import type { Explainer } from './explainer.ts';
import { HealthHistory } from './health-history.ts';
import { TrustMap } from './trust-map.ts';

export interface DebugPagesOptions {
  /** `host:port`, which the configuration has made sure is loopback. */
  readonly address: string;
  readonly inputSource: AssignmentInputSource;
  readonly explainer: Pick<Explainer, 'explain'>;
  readonly recent: RecentDecisions;
  /** The id of the local cluster. */
  readonly cluster: string;
  /** Namespaces that are known to exist, where a watch knows them. */
  readonly namespaces?: (() => readonly string[]) | undefined;
  readonly sources: HealthSources;
  readonly readiness: readonly ReadinessCheck[];
  readonly version: string;
  /** Where index.html and what it loads lie. */
  readonly pageDirectory: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface DebugPages extends Stoppable {
  /** Where it listens, `host:port`. */
  readonly address: string;
}

/**
 * The page and the questions behind it, read-only and on loopback. What happened before the start is
 * not shown. Throws when the page is not there or the address cannot be listened on.
 */
export async function startDebugPages(options: DebugPagesOptions): Promise<DebugPages> {
  const { address, recent, pageDirectory, clock, log } = options;
  const health = new Health(options);
  const history = new HealthHistory({ clock, sample: () => health.load() });
  const seen = new SeenIdentities();
  const routes = new Map([
    ...(await fileRoutes(pageDirectory)),
    ...questions(options, { health, history, seen }),
  ]);
  const server = new DebugHttpServer({ routes, log });
  const bound = await server.start(address);
  recent.onEach((decision) => {
    seen.note(decision);
    history.note(decision);
  });
  history.start();
  return {
    address: bound,
    stop: async () => {
      await history.stop();
      await server.stop();
    },
  };
}

interface Parts {
  readonly health: Health;
  readonly history: HealthHistory;
  readonly seen: SeenIdentities;
}

function questions(options: DebugPagesOptions, { health, history, seen }: Parts) {
  const { inputSource, explainer, recent, cluster, namespaces, version, clock } = options;
  const map = new TrustMap({ inputSource, seen, cluster, namespaces, clock });
  return new Map([
    ['/debug/explain', explainRoute(explainer)],
    ['/debug/decisions', decisionsRoute(recent, randomUUID())],
    ['/debug/identities', identitiesRoute({ inputSource, seen, cluster })],
    [
      '/debug/trust',
      answerJson((query) => {
        refuseOthers(query, []);
        return map.view();
      }),
    ],
    [
      '/debug/health',
      answerJson((query) => {
        refuseOthers(query, []);
        return { version, ...health.view(history) };
      }),
    ],
  ]);
}
