import { describe, expect, it } from '@jest/globals';
import type { WatchOrder } from '../../../src/sandbox/answer.ts';
import { FaultBoard } from '../../../src/sandbox/faults.ts';
import type { WatchFault } from '../../../src/sandbox/faults.ts';
import { objectAt } from '../../../src/sandbox/kube-object.ts';
import { signingRequests } from '../../../src/sandbox/resource-registry.ts';
import { WatchHub } from '../../../src/sandbox/watch-hub.ts';
import { aRequest, ApiWorld, requestsPath } from './api-world.ts';

const merge = { contentType: 'application/merge-patch+json' };

class Watching {
  readonly world = new ApiWorld();
  readonly faults = new FaultBoard<WatchFault>();
  readonly hub = new WatchHub({
    store: this.world.store,
    clock: this.world.clock,
    faults: this.faults,
    bookmarkIntervalMs: 1000,
  });
  /** What the client sees: `<type> <name or version>`, raw text, and how it ends. */
  readonly seen: string[] = [];

  open(order: Partial<WatchOrder> = {}): void {
    const leave = new Set<() => void>();
    const gone = (how: string): void => {
      this.seen.push(how);
      for (const listener of leave) listener();
    };
    this.hub.open(
      {
        definition: signingRequests,
        namespace: undefined,
        selection: () => true,
        fromRevision: this.world.store.revision,
        bookmarks: false,
        sendInitialEvents: false,
        timeoutSeconds: 60,
        ...order,
      },
      { verb: 'watch', resource: signingRequests.plural },
      {
        send: (type, object) => {
          const { name, resourceVersion } = objectAt(object, 'metadata');
          this.seen.push(`${type} ${String(name ?? object['code'] ?? resourceVersion)}`);
        },
        sendRaw: (text, whenWritten) => {
          this.seen.push(text);
          whenWritten?.();
        },
        backlog: 0,
        close: () => {
          gone('closed');
        },
        drop: () => {
          gone('dropped');
        },
        onGone: (listener) => {
          leave.add(listener);
        },
      },
    );
  }

  create(name: string, labels: object = {}): void {
    this.world.call('POST', requestsPath, aRequest(name, {}, { labels }));
  }

  label(name: string, app: string): void {
    const body = { metadata: { labels: { app } } };
    this.world.call('PATCH', `${requestsPath}/${name}`, body, merge);
  }
}

describe('a watch', () => {
  it('begins with the objects that are there', () => {
    const watching = new Watching();
    watching.create('a');
    watching.open({ fromRevision: undefined });
    watching.create('b');
    expect(watching.seen).toEqual(['ADDED a', 'ADDED b']);
  });

  it('begins with what was missed', () => {
    const watching = new Watching();
    const { revision } = watching.world.store;
    watching.create('a');
    watching.label('a', 'x');
    watching.open({ fromRevision: revision + 1 });
    expect(watching.seen).toEqual(['MODIFIED a']);
  });

  it('marks where the objects end', () => {
    const watching = new Watching();
    watching.create('a');
    watching.open({ fromRevision: undefined, sendInitialEvents: true, bookmarks: true });
    expect(watching.seen).toEqual(['ADDED a', `BOOKMARK ${watching.world.store.revision}`]);
  });

  it('ends with an error when what was missed is forgotten', () => {
    const watching = new Watching();
    const { revision } = watching.world.store;
    watching.create('a');
    watching.world.store.forgetHistory();
    watching.open({ fromRevision: revision });
    expect(watching.seen).toEqual(['ERROR 410', 'closed']);
  });

  it('shows objects come and go as they begin and cease to fit the selection', () => {
    const watching = new Watching();
    watching.open({ selection: ({ metadata }) => metadata.labels?.['app'] === 'x' });
    watching.create('a', { app: 'y' });
    for (const app of ['x', 'x2', 'x']) watching.label('a', app);
    watching.world.call('DELETE', `${requestsPath}/a`);
    expect(watching.seen).toEqual(['ADDED a', 'DELETED a', 'ADDED a', 'DELETED a']);
  });

  it('takes no notice of other resources', () => {
    const watching = new Watching();
    watching.open();
    watching.world.objects.createNamespace('foo');
    expect(watching.seen).toEqual([]);
  });

  it('brings bookmarks, once a second and before the end, and ends in time', async () => {
    const watching = new Watching();
    watching.open({ bookmarks: true, timeoutSeconds: 2.5 });
    await watching.world.clock.advance(2600);
    const bookmark = `BOOKMARK ${watching.world.store.revision}`;
    expect(watching.seen).toEqual([bookmark, bookmark, bookmark, 'closed']);
  });

  it('leaves no timer behind', async () => {
    const watching = new Watching();
    watching.open({ bookmarks: true, timeoutSeconds: 2 });
    await watching.world.clock.advance(2100);
    expect([watching.world.clock.pendingTimers, watching.hub.size]).toEqual([0, 0]);
  });
});

describe('a fault of a watch', () => {
  it.each([
    ['drop', ['dropped']],
    ['close', ['closed']],
    ['expired', ['ERROR 410', 'closed']],
    ['error', ['ERROR 500', 'closed']],
    ['not-json', ['<html>502 Bad Gateway</html>\n']],
    ['truncated', ['{"type":"MODIFIED","object":{"kind":', 'dropped']],
  ] as const)('%s strikes an open watch at once', (kind, seen) => {
    const watching = new Watching();
    watching.open();
    watching.faults.set({ kind });
    expect(watching.seen).toEqual(seen);
  });

  it('strikes the next watch when none is open', () => {
    const watching = new Watching();
    watching.faults.set({ kind: 'drop' }, { count: 1 });
    watching.open();
    watching.open();
    watching.create('a');
    expect(watching.seen).toEqual(['dropped', 'ADDED a']);
  });

  it('can wait for the next event, which is lost', () => {
    const watching = new Watching();
    watching.open();
    watching.faults.set({ kind: 'drop', at: 'next-event' }, { count: 1 });
    watching.create('a');
    expect(watching.seen).toEqual(['dropped']);
  });

  it('silences a watch for good', async () => {
    const watching = new Watching();
    watching.open({ bookmarks: true, timeoutSeconds: 3 });
    watching.faults.set({ kind: 'silent' }).clear();
    watching.create('a');
    await watching.world.clock.advance(4000);
    expect(watching.seen).toEqual([]);
  });

  it.each([
    ['only-bookmarks', []],
    ['duplicate', ['MODIFIED a', 'MODIFIED a']],
    ['stale-replay', ['MODIFIED a', 'MODIFIED a']],
  ] as const)('%s disturbs each event until it is cleared', (kind, disturbed) => {
    const watching = new Watching();
    watching.create('a');
    watching.open();
    const fault = watching.faults.set({ kind });
    watching.label('a', 'x');
    fault.clear();
    watching.label('a', 'y');
    expect(watching.seen).toEqual([...disturbed, 'MODIFIED a']);
  });
});
