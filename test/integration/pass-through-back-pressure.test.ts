import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startFront, stopFronts } from '../support/front-fixture.ts';
import { openRaw } from '../support/raw-stream.ts';
import { answer, respond } from '../support/upstream-stand-in.ts';

afterEach(async () => {
  await stopFronts();
});

describe('a slow reader', () => {
  it('is sent no faster than it reads, and loses nothing', async () => {
    const { istiod, session, passThrough } = await startFront();
    const total = 32 * 1_048_576;
    const piece = randomBytes(65_536);
    let [sent, stalled] = [0, (): void => undefined];
    const atStall = new Promise<void>((resolve) => (stalled = resolve));
    istiod.behave = ({ stream }) => {
      respond(stream, { 'grpc-status': '0' });
      const push = (): void => {
        while (sent < total) {
          sent += piece.length;
          if (stream.write(piece)) continue;
          const untilStall = setTimeout(stalled, 500);
          stream.once('drain', () => {
            clearTimeout(untilStall);
            push();
          });
          return;
        }
        stream.end();
      };
      push();
    };

    const call = openRaw(session, {}, { read: false });
    call.stream.end();
    await atStall;

    const held = passThrough.counters().bytesToClients;
    // Two windows of 64 KiB, and what the streams themselves buffer.
    expect(held).toBeLessThan(524_288);
    expect(sent).toBeLessThan(1_048_576);

    let read = 0;
    call.stream.on('data', (chunk: Buffer) => (read += chunk.length));
    await call.ended;
    expect(read).toBe(total);
  });

  it('does not hold up another stream on the same connections', async () => {
    const { istiod, session } = await startFront();
    istiod.behave = (call) => {
      if (call.headers['slow'] === '1') {
        respond(call.stream, {});
        call.stream.write(Buffer.alloc(4_194_304));
      } else {
        answer(call, { body: Buffer.alloc(4_194_304) });
      }
    };
    const slow = openRaw(session, { slow: '1' }, { read: false });
    await slow.responded;

    const quick = openRaw(session);
    quick.stream.end();

    expect((await quick.ended).body).toHaveLength(4_194_304);
    slow.stream.close(8);
  });

  it('at istiod slows the client down likewise', async () => {
    const { istiod, session, passThrough } = await startFront();
    const coming = istiod.nextCall();
    const call = openRaw(session);
    const { stream } = await coming;
    respond(stream, { 'grpc-status': '0' });

    const total = 8 * 1_048_576;
    call.stream.end(Buffer.alloc(total));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(passThrough.counters().bytesToUpstream).toBeLessThan(524_288);

    let read = 0;
    stream.on('data', (chunk: Buffer) => (read += chunk.length));
    stream.on('end', () => stream.end());
    await call.ended;
    expect(read).toBe(total);
  });
});
