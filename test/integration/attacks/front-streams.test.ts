import type { ClientHttp2Session } from 'node:http2';
import { afterEach, describe, expect, it } from '@jest/globals';
import { attackersAddress, connectHttp2From } from '../../support/dial-from.ts';
import { begin } from '../../support/front-calls.ts';
import { startFront, stopFronts } from '../../support/front-fixture.ts';
import type { Front } from '../../support/front-fixture.ts';
import { openRaw } from '../../support/raw-stream.ts';
import type { RawStream } from '../../support/raw-stream.ts';

// One kind: the streams that are passed to istiod are bounded for all together and first come, first
// served. One client that opens them all closes the way to istiod to every other proxy of the mesh.

const attackers: ClientHttp2Session[] = [];

afterEach(async () => {
  for (const session of attackers.splice(0)) session.destroy();
  await stopFronts();
});

/** Opens streams that last, over connections of another address. */
async function attack({ fixture }: Front, connections: number, each: number): Promise<RawStream[]> {
  const streams: RawStream[] = [];
  for (let connection = 0; connection < connections; connection += 1) {
    const session = connectHttp2From(attackersAddress, fixture.port, fixture.authority.rootPem);
    attackers.push(session);
    for (let count = 0; count < each; count += 1) streams.push(openRaw(session));
  }
  await Promise.all(streams.map(({ responded }) => responded));
  return streams;
}

/** The gRPC status that came instead of an answer of istiod's; undefined where that has begun. */
async function refusalOf(stream: RawStream): Promise<unknown> {
  return (await stream.responded)['grpc-status'];
}

describe('streams to istiod', () => {
  // Row 8.
  it.failing(
    'are there for a newcomer while one address holds as many as there may be',
    async () => {
      const front = await startFront({ upstream: { behave: begin }, limits: { streams: 8 } });
      await attack(front, 2, 4);

      expect(await refusalOf(openRaw(front.session))).toBeUndefined();
    },
  );

  it('are there for a newcomer while another connection has all that one may have', async () => {
    const limits = { streams: 8, streamsPerConnection: 4 };
    const front = await startFront({ upstream: { behave: begin }, limits });
    const streams = await attack(front, 1, 6);
    const refusals = await Promise.all(streams.map(refusalOf));

    expect(refusals.filter((refusal) => refusal === '8')).toHaveLength(2);
    expect(await refusalOf(openRaw(front.session))).toBeUndefined();
  });
});
