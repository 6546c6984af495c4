import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import type { KubernetesApi } from '../../../../src/kube/client-node/connect-kubernetes.ts';
import type { ResourceSource, WatchEvent } from '../../../../src/kube/resource-source.ts';
import type { SigningRequest } from '../../../../src/kube/signing-requests.ts';
import { connectTo, never } from './connected-api.ts';
import { LoopbackApi, sendJson, sendStatus } from './loopback-api.ts';

let api: LoopbackApi;
let kubernetes: KubernetesApi;
let source: ResourceSource<SigningRequest>;

function anObject(name: string, resourceVersion = '7'): object {
  return { metadata: { name, uid: `uid-of-${name}`, resourceVersion } };
}

function event(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

/** What etcd stores of one object by default; built-in kinds are stored as protobuf. */
const maxStoredBytes = 1.5 * 1024 * 1024;

/** The API server writes JSON with Go's encoder, for which `<` takes six bytes. */
function asGoWritesIt(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function namesOf(items: readonly SigningRequest[]): string[] {
  return items.map((item) => item.name);
}

/** What a watch yields, heartbeats aside, in short form. */
async function watched(signal = never): Promise<string[]> {
  const told: string[] = [];
  const options = { resourceVersion: '5', timeoutSeconds: 270 };
  for await (const one of source.watch(options, signal)) {
    if (one.kind !== 'heartbeat') told.push(inShort(one));
  }
  return told;
}

function inShort(one: WatchEvent<SigningRequest>): string {
  switch (one.kind) {
    case 'put':
    case 'gone':
      return `${one.kind} ${one.object.name}`;
    case 'bookmark':
      return `bookmark ${one.resourceVersion}`;
    case 'error':
      return `error ${one.error.status ?? ''} ${one.error.reason}`;
    case 'heartbeat':
      return 'heartbeat';
  }
}

beforeEach(async () => {
  api = await LoopbackApi.start();
  kubernetes = connectTo(api.url);
  source = kubernetes.signingRequestSource('managed=true');
});

afterEach(async () => {
  await kubernetes.close();
  await api[Symbol.asyncDispose]();
});

describe('a list', () => {
  const page = (response: ServerResponse, names: string[], next?: string): void => {
    const metadata = { resourceVersion: '30', ...(next === undefined ? {} : { continue: next }) };
    sendJson(response, 200, { metadata, items: names.map((name) => anObject(name)) });
  };

  it('is read page by page to its end', async () => {
    api.answer = ({ url }, response) => {
      if (url.includes('continue=more')) page(response, ['c']);
      else page(response, ['a', 'b'], 'more');
    };
    const list = await source.list(never);
    expect(namesOf(list.items)).toEqual(['a', 'b', 'c']);
    expect(list.resourceVersion).toBe('30');
    expect(api.calls).toHaveLength(2);
  });

  it('is begun again when its pages expire meanwhile', async () => {
    let expired = 0;
    api.answer = ({ url }, response) => {
      if (!url.includes('continue')) page(response, ['a'], 'more');
      else if (expired++ === 0) sendStatus(response, 410, 'Expired');
      else page(response, ['b']);
    };
    expect(namesOf((await source.list(never)).items)).toEqual(['a', 'b']);
  });

  it('is read with an object as large as a tenant can make one', async () => {
    const object = { ...anObject('a'), spec: { text: '<'.repeat(maxStoredBytes) } };
    api.answer = (_call, response) => response.end(asGoWritesIt({ metadata: {}, items: [object] }));
    expect(namesOf((await source.list(never)).items)).toEqual(['a']);
  });

  it('is read in smaller pages where one page is too large', async () => {
    api.answer = ({ url }, response) => {
      if (url.includes('limit=500')) response.end('x'.repeat(17 * 1024 * 1024));
      else page(response, ['a']);
    };
    expect(namesOf((await source.list(never)).items)).toEqual(['a']);
    expect(api.last.url).toContain('limit=125');
  });

  it.each([
    ['is no JSON', '<html>'],
    ['has an item that cannot be read', '{"items":[{}]}'],
  ])('throws when it %s', async (_what, body) => {
    api.answer = (_call, response) => response.end(body);
    await expect(source.list(never)).rejects.toMatchObject({ reason: 'BadAnswer', verb: 'list' });
  });
});

describe('a watch', () => {
  const lines = [
    event('ADDED', anObject('a')),
    event('MODIFIED', anObject('b')),
    event('DELETED', anObject('c')),
    event('BOOKMARK', anObject('', '99')),
  ];
  const told = ['put a', 'put b', 'gone c', 'bookmark 99'];

  it('asks for what comes after the version, with bookmarks', async () => {
    api.answer = (_call, response) => response.end();
    await watched();
    const query = new URL(api.last.url, api.url).searchParams;
    expect(Object.fromEntries(query)).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '5',
      timeoutSeconds: '270',
      labelSelector: 'managed=true',
    });
  });

  it('yields the events in order and ends when the server ends it', async () => {
    api.answer = (_call, response) => response.end(lines.join(''));
    await expect(watched()).resolves.toEqual(told);
  });

  it('does not mind where the bytes are cut', async () => {
    const bytes = Buffer.from(`${lines.join('')}${event('ADDED', anObject('ü'))}`);
    api.answer = (_call, response) => {
      const sendFrom = (start: number): void => {
        if (start >= bytes.length) response.end();
        else response.write(bytes.subarray(start, start + 7), () => sendFrom(start + 7));
      };
      sendFrom(0);
    };
    await expect(watched()).resolves.toEqual([...told, 'put ü']);
  });

  it('yields a heartbeat when the server accepts it and for bytes that are no whole event', async () => {
    const controller = new AbortController();
    api.answer = (_call, response) => {
      response.flushHeaders();
      setImmediate(() => response.write('{"type":'));
    };
    const options = { resourceVersion: '5', timeoutSeconds: 270 };
    const events = source.watch(options, controller.signal)[Symbol.asyncIterator]();
    const first = [await events.next(), await events.next()];
    expect(first.map((step) => step.value as unknown)).toEqual([
      { kind: 'heartbeat' },
      { kind: 'heartbeat' },
    ]);
    controller.abort(new Error('enough'));
    await expect(events.next()).rejects.toThrow('enough');
  });

  it.each([
    ['a Status', event('ERROR', { kind: 'Status', code: 410, reason: 'Expired' }), '410 Expired'],
    ['an ERROR that is no Status', event('ERROR', 'what'), ' Unknown'],
    ['no JSON', 'surprise\n', ' BadAnswer'],
    ['JSON that is no event', '[1]\n', ' BadAnswer'],
    ['an event of another type', event('NEWS', anObject('a')), ' BadAnswer'],
    ['an object that cannot be read', event('ADDED', { metadata: 7 }), ' BadAnswer'],
    ['no object', event('ADDED', null), ' BadAnswer'],
    ['a bookmark without a version', event('BOOKMARK', {}), ' BadAnswer'],
    ['a line that breaks off', '{"type":"ADDED","obj', ' BadAnswer'],
  ])('yields an error for %s', async (_what, body, error) => {
    api.answer = (_call, response) => response.end(body);
    await expect(watched()).resolves.toEqual([`error ${error}`]);
  });

  it('tells of an object as large as a tenant can make one', async () => {
    const object = { ...anObject('a'), spec: { text: '<'.repeat(maxStoredBytes) } };
    api.answer = (_call, response) => response.end(`${asGoWritesIt({ type: 'ADDED', object })}\n`);
    await expect(watched()).resolves.toEqual(['put a']);
  });

  it('breaks when a line has more than 16 MiB', async () => {
    api.answer = (_call, response) => response.end('x'.repeat(16 * 1024 * 1024 + 1));
    await expect(watched()).rejects.toMatchObject({ reason: 'BadAnswer', verb: 'watch' });
  });

  it('breaks when the connection does', async () => {
    api.answer = (_call, response) => {
      response.write(lines[0]);
      setImmediate(() => response.destroy());
    };
    await expect(watched()).rejects.toMatchObject({ reason: 'ConnectionFailed', verb: 'watch' });
  });

  it('throws the refusal when the server does not accept it', async () => {
    api.answer = (_call, response) => sendStatus(response, 410, 'Expired');
    await expect(watched()).rejects.toMatchObject({ status: 410, reason: 'Expired' });
  });

  it('ends with the reason of the signal when it aborts', async () => {
    const controller = new AbortController();
    const enough = new Error('enough');
    api.answer = (_call, response) => {
      response.flushHeaders();
      controller.abort(enough);
    };
    await expect(watched(controller.signal)).rejects.toBe(enough);
  });
});
