import { randomBytes } from 'node:crypto';
import { createApiIdentity } from './api-identity.ts';
import type { ApiIdentity } from './api-identity.ts';
import { ApiServer } from './api-server.ts';
import { RequestAuthenticator } from './request-authenticator.ts';
import { Authorizer } from './authorization.ts';
import { CallLog } from './call-log.ts';
import { Faults } from './faults.ts';
import { HttpApi } from './http-api.ts';
import { ObjectStore } from './object-store.ts';
import { ResourceApi } from './resource-api.ts';
import { ReviewHandlers } from './review-handlers.ts';
import { SandboxObjects } from './sandbox-objects.ts';
import { defaultSigners } from './sandbox-options.ts';
import type { SandboxOptions } from './sandbox-options.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { createAuthorities, SignerSet } from './signer-set.ts';
import type { SignerAuthority } from './signer-set.ts';
import { WatchHub } from './watch-hub.ts';
import { WriteHandlers } from './write-handlers.ts';

/** Everything that a sandbox is made of, wired up and not yet listening. */
export interface SandboxParts {
  readonly adminToken: string;
  readonly identity: ApiIdentity;
  readonly authorities: readonly SignerAuthority[];
  readonly store: ObjectStore;
  readonly objects: SandboxObjects;
  readonly tokens: ServiceAccountTokens;
  readonly authorizer: Authorizer;
  readonly faults: Faults;
  readonly calls: CallLog;
  readonly watches: WatchHub;
  readonly signers: SignerSet;
  readonly server: ApiServer;
}

/** As many calls as are remembered. */
const maxRecordLength = 20_000;

export async function assembleSandbox(options: SandboxOptions): Promise<SandboxParts> {
  const { clock, log, historySize = 10_000, maxObjects = 50_000 } = options;
  const now = (): number => clock.now();
  const [identity, authorities] = await Promise.all([
    createApiIdentity(now()),
    createAuthorities(options.signers ?? defaultSigners, now()),
  ]);
  const store = new ObjectStore({ historySize, maxObjects });
  const faults = new Faults();
  const bookmarkIntervalMs = options.bookmarkIntervalMs ?? 60_000;
  const parts = {
    adminToken: randomBytes(24).toString('base64url'),
    identity,
    authorities,
    store,
    faults,
    objects: new SandboxObjects(store, now),
    tokens: new ServiceAccountTokens({ store, clock }),
    authorizer: new Authorizer(),
    calls: new CallLog(maxRecordLength),
    watches: new WatchHub({ store, clock, faults: faults.watch, bookmarkIntervalMs }),
    signers: new SignerSet({ store, clock, log, faults: faults.signer, authorities }),
  };
  return { ...parts, server: createServer(parts, options) };
}

function createServer(
  parts: Omit<SandboxParts, 'server'>,
  { clock, log }: SandboxOptions,
): ApiServer {
  const { adminToken, authorizer, calls, faults, identity, store, tokens, watches } = parts;
  const now = (): number => clock.now();
  const api = new ResourceApi({
    store,
    tokens,
    now,
    writes: new WriteHandlers({ store, authorizer, now }),
    reviews: new ReviewHandlers({ tokens, authorizer, faults: faults.tokenReview, now }),
  });
  const authenticator = new RequestAuthenticator({ tokens, adminToken });
  const http = new HttpApi({
    api,
    authenticator,
    authorizer,
    calls,
    clock,
    faults,
    log,
    store,
    watches,
  });
  return new ApiServer({
    ...identity.serving,
    clientCaPem: identity.caPem,
    serve: (exchange) => http.serve(exchange),
  });
}
