import { describe, expect, it } from '@jest/globals';
import { PassThrough, Writable } from 'node:stream';
import { StreamSink } from '../../../src/audit/stream-sink.ts';
import { settle } from '../../support/fake-clock.ts';

describe('StreamSink', () => {
  it('waits until the stream has taken the bytes', async () => {
    let take: () => void = () => undefined;
    const stream = new Writable({ write: (_chunk, _encoding, done) => void (take = done) });
    const sink = new StreamSink(stream, 'stdout');
    await sink.open();
    let taken = 0;
    const writing = sink.write(Buffer.from('line\n')).then((bytes) => (taken = bytes));
    await settle();
    expect(taken).toBe(0);
    take();
    await writing;
    expect(taken).toBe(5);
  });

  it('reports a reader that went away with each write, and does not end the process', async () => {
    const stream = new PassThrough();
    const sink = new StreamSink(stream, 'stdout');
    await sink.open();
    stream.destroy(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
    await expect(sink.write(Buffer.from('a\n'))).rejects.toThrow('destroyed');
    await expect(sink.write(Buffer.from('b\n'))).rejects.toThrow('destroyed');
  });

  it('asks for no more than a pipe takes whole', () => {
    expect(new StreamSink(new PassThrough(), 'stdout').batchBytes).toBe(4096);
  });
});
