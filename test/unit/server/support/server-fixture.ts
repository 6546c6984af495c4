import path from 'node:path';
import type { Admission } from '../../../../src/admission/admission.ts';
import { systemClock } from '../../../../src/base/clock.ts';
import { CertificateClient } from '../../../../src/server/certificate-client.ts';
import type {
  CertificateCall,
  CertificateClientOptions,
} from '../../../../src/server/certificate-client.ts';
import { CertificateService } from '../../../../src/server/certificate-service.ts';
import { RotatingServerCredentials } from '../../../../src/server/credentials.ts';
import { GrpcServer } from '../../../../src/server/grpc-server.ts';
import type { GrpcServerOptions } from '../../../../src/server/grpc-server.ts';
import type { PassThrough } from '../../../../src/server/pass-through/pass-through.ts';
import type { TlsPolicy } from '../../../../src/server/tls-policy.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';
import { FakeAuthenticator, FakeIssuer, RecordingDecisions } from './fakes.ts';
import { createAuthority, serverName } from './tls-fixture.ts';
import type { Authority } from './tls-fixture.ts';

export const protoDirectory = path.resolve('proto');

export interface ServerFixture {
  readonly address: string;
  readonly port: number;
  readonly server: GrpcServer;
  readonly service: CertificateService;
  readonly credentials: RotatingServerCredentials;
  readonly authenticator: FakeAuthenticator;
  readonly issuer: FakeIssuer;
  readonly decisions: RecordingDecisions;
  readonly logger: RecordingLogger;
  /** Signed the server's certificate. */
  readonly authority: Authority;
  /** Signs clients' certificates; the server has never heard of it. */
  readonly clientAuthority: Authority;
  client(overrides?: Partial<CertificateClientOptions>): CertificateClient;
  stop(): Promise<void>;
}

export interface ServerFixtureOptions {
  readonly budgetMs?: number;
  readonly reflection?: boolean;
  readonly policy?: TlsPolicy;
  readonly address?: string;
  readonly passThrough?: PassThrough;
  /** The server has no certificate until the test gives it one. */
  readonly withoutCertificate?: boolean;
  readonly admission?: Admission;
  /** How connections and messages are bounded, and how the server stops. */
  readonly bounds?: Pick<
    GrpcServerOptions,
    'maxConnections' | 'connectionLimits' | 'readWithinMs' | 'drainDelayMs' | 'memoryLimitBytes'
  >;
}

const running = new Set<ServerFixture>();

/** Stops what this file started and did not stop, also after a failed test. */
export async function stopServers(): Promise<void> {
  await Promise.all([...running].map((fixture) => fixture.stop()));
}

/** A real server on loopback with fakes behind it. */
export async function startServer(options: ServerFixtureOptions = {}): Promise<ServerFixture> {
  const authority = await createAuthority('server root');
  const clientAuthority = await createAuthority('client root');
  const identity =
    options.withoutCertificate === true
      ? undefined
      : await authority.issue({ dnsNames: [serverName] });
  const credentials = new RotatingServerCredentials(identity, options.policy);
  const [authenticator, issuer] = [new FakeAuthenticator(), new FakeIssuer()];
  const [decisions, logger] = [new RecordingDecisions(), new RecordingLogger()];
  const service = new CertificateService({
    authenticator,
    issuer,
    decisions,
    clock: systemClock,
    log: logger,
    admission: options.admission,
    budgetMs: options.budgetMs ?? 60_000,
  });
  const reflection = options.reflection ?? false;
  const server = new GrpcServer({
    ...options.bounds,
    service,
    credentials,
    protoDirectory,
    reflection,
    passThrough: options.passThrough,
    clock: systemClock,
    log: logger,
  });
  const address = await server.start(options.address ?? '127.0.0.1:0');
  const clients: CertificateClient[] = [];
  const fixture: ServerFixture = {
    address,
    port: Number(address.split(':').at(-1)),
    ...{ server, service, credentials, authenticator, issuer, decisions, logger },
    ...{ authority, clientAuthority },
    client: (overrides) => {
      const rootPem = authority.rootPem;
      const client = new CertificateClient({
        ...{ address, rootPem, serverName, protoDirectory, ...overrides },
      });
      clients.push(client);
      return client;
    },
    stop: async () => {
      running.delete(fixture);
      for (const client of clients) client.close();
      await server.stop(0);
    },
  };
  running.add(fixture);
  return fixture;
}

/** A call that succeeds. */
export const goodCall: CertificateCall = {
  token: 'good',
  csrPem: 'a csr',
  validitySeconds: 86_400,
  certSigner: 'foo',
  deadlineMs: 10_000,
};
