import { Client, credentials, Metadata, ServerCredentials } from '@grpc/grpc-js';
import { afterAll, expect, it } from '@jest/globals';
import { systemClock } from '../../src/base/clock.ts';
import { CertificateService } from '../../src/server/certificate-service.ts';
import { GrpcServer } from '../../src/server/grpc-server.ts';
import { loadCertificateProto } from '../../src/server/proto.ts';
import type { CertificateResponseMessage } from '../../src/server/proto.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import {
  chainElements,
  FakeAuthenticator,
  FakeIssuer,
  RecordingDecisions,
} from '../unit/server/support/fakes.ts';
import { protoDirectory } from '../unit/server/support/server-fixture.ts';

const [clock, log] = [systemClock, new RecordingLogger()];
const server = new GrpcServer({
  ...{ clock, log, protoDirectory, reflection: false },
  credentials: ServerCredentials.createInsecure(),
  service: new CertificateService({
    ...{ clock, log, authenticator: new FakeAuthenticator() },
    ...{ issuer: new FakeIssuer(), decisions: new RecordingDecisions() },
  }),
  // So that some have to wait for their turn.
  connectionLimits: { handshakes: { perSecond: 100, burst: 1 } },
});
afterAll(async () => {
  await server.stop(0);
});

function ask(address: string): Promise<readonly string[] | undefined> {
  const { path, requestSerialize, responseDeserialize } =
    loadCertificateProto(protoDirectory).service.CreateCertificate;
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  const headers = new Metadata();
  headers.set('authorization', 'Bearer good');
  const message = { csr: 'a csr', validity_duration: '0', metadata: null };
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      ...([path, requestSerialize, responseDeserialize, message, headers] as const),
      (error, response?: CertificateResponseMessage) => {
        client.close();
        if (error === null) resolve(response?.cert_chain);
        else reject(error);
      },
    );
  });
}

it('serves connections without TLS, those that had to wait among them', async () => {
  const address = await server.start('127.0.0.1:0');

  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(address)));

  expect(answers).toEqual(Array.from({ length: 10 }, () => [...chainElements]));
  expect(server.connectionCounts.opened).toBe(10);
});
