import type { Clock, Timer } from '../base/clock.ts';
import type { WatchOrder } from './answer.ts';
import type { FaultBoard, FaultFacts, WatchFault } from './faults.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import type { Change, ChangeType, ObjectStore } from './object-store.ts';
import { storedApiVersion } from './resource-registry.ts';
import { expired, internalError } from './status-error.ts';
import type { StatusError } from './status-error.ts';

/** Where the events of a watch go. */
export interface WatchTarget {
  /** One event; `object` is still to be given the form that the client wants. */
  send(type: ChangeType | 'BOOKMARK' | 'ERROR', object: JsonObject): void;
  /** Text as it is, and what to do when it is on its way. */
  sendRaw(text: string, whenWritten?: () => void): void;
  /** Bytes that the client has not taken yet. */
  readonly backlog: number;
  close(): void;
  drop(): void;
  /** Calls `listener` once when the client is gone, whoever ended the watch. */
  onGone(listener: () => void): void;
}

export interface WatchSessionOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly faults: FaultBoard<WatchFault>;
  readonly bookmarkIntervalMs: number;
  readonly order: WatchOrder;
  readonly facts: FaultFacts;
  readonly target: WatchTarget;
}

/** A client that takes nothing is not waited for beyond this. */
const maxBacklogBytes = 16 * 1024 * 1024;

/** So long before its end a watch gets a bookmark from which to go on. */
const lastBookmarkMs = 2000;

/** Whether a fault strikes a watch at that moment, rather than disturbing its events. */
function endsAt(fault: WatchFault, moment: 'now' | 'next-event'): boolean {
  switch (fault.kind) {
    case 'only-bookmarks':
    case 'duplicate':
    case 'stale-replay':
      return false;
    case 'silent':
      return moment === 'now';
    default:
      return (fault.at ?? 'now') === moment;
  }
}

/** One open watch. */
export class WatchSession {
  readonly #options: WatchSessionOptions;
  readonly #timers: Timer[] = [];
  #bookmarkTimer: Timer | undefined;
  #isOver = false;
  #isSilent = false;

  constructor(options: WatchSessionOptions) {
    this.#options = options;
  }

  /** Sends what the client missed, and from then on what happens. */
  start(): void {
    const { store, clock, order } = this.#options;
    const { fromRevision } = order;
    this.meetFaults();
    if (fromRevision === undefined) this.#sendObjects();
    else if (store.remembers(fromRevision)) {
      for (const change of store.changesAfter(fromRevision)) this.deliver(change);
    } else {
      this.#sendError(expired(`too old resource version: ${fromRevision} (${store.revision})`));
    }
    if (this.#isOver) return;
    this.#timers.push(clock.timer(order.timeoutSeconds * 1000, () => this.#end()));
    if (order.bookmarks) this.#scheduleBookmarks();
  }

  /** Lets the faults strike that need no event. */
  meetFaults(): void {
    const { faults, facts } = this.#options;
    if (this.#isOver || this.#isSilent) return;
    const fault = faults.strike(facts, (candidate) => endsAt(candidate, 'now'));
    if (fault !== undefined) this.#strike(fault.kind);
  }

  deliver(change: Change): void {
    const { order } = this.#options;
    if (this.#isOver || change.resource !== order.definition.plural) return;
    if (change.revision <= (order.fromRevision ?? 0)) return;
    const event = eventOf(change, order);
    if (event !== undefined) this.#sendEvent(event, change);
  }

  stop(): void {
    this.#isOver = true;
    for (const timer of this.#timers) timer.cancel();
    this.#bookmarkTimer?.cancel();
  }

  #sendObjects(): void {
    const { store, order, target } = this.#options;
    const { objects } = store.list(order.definition.plural, order.namespace);
    for (const object of objects.filter(order.selection)) {
      if (!this.#isSilent) target.send('ADDED', object);
    }
    if (order.sendInitialEvents && order.bookmarks) {
      this.#sendBookmark({ annotations: { 'k8s.io/initial-events-end': 'true' } });
    }
  }

  #sendEvent({ type, object }: WatchEvent, { previous }: Change): void {
    const { faults, facts, target } = this.#options;
    if (this.#isSilent) return;
    const named = { ...facts, name: object.metadata.name };
    const ending = faults.strike(named, (fault) => endsAt(fault, 'next-event'));
    if (ending !== undefined) {
      this.#strike(ending.kind);
      return;
    }
    const disturbance = faults.strike(named, isDisturbance)?.kind;
    if (disturbance === 'only-bookmarks') return;
    target.send(type, object);
    if (disturbance === 'duplicate') target.send(type, object);
    if (disturbance === 'stale-replay' && previous) target.send('MODIFIED', previous);
    if (target.backlog > maxBacklogBytes) this.#drop();
  }

  #strike(kind: WatchFault['kind']): void {
    switch (kind) {
      case 'drop':
        this.#drop();
        break;
      case 'close':
        this.#close();
        break;
      case 'expired':
        this.#sendError(expired('too old resource version: 1 (2)'));
        break;
      case 'error':
        this.#sendError(internalError('etcdserver: no leader'));
        break;
      case 'not-json':
        this.#options.target.sendRaw('<html>502 Bad Gateway</html>\n');
        break;
      case 'truncated':
        this.#options.target.sendRaw('{"type":"MODIFIED","object":{"kind":', () => {
          this.#drop();
        });
        break;
      case 'silent':
        this.#isSilent = true;
        break;
      default:
        // The others disturb single events: see #sendEvent.
        break;
    }
  }

  #scheduleBookmarks(): void {
    const { clock, order } = this.#options;
    const lastMs = order.timeoutSeconds * 1000 - lastBookmarkMs;
    if (lastMs > 0) this.#timers.push(clock.timer(lastMs, () => this.#sendBookmark({})));
    this.#scheduleNextBookmark();
  }

  #scheduleNextBookmark(): void {
    const { clock, bookmarkIntervalMs } = this.#options;
    this.#bookmarkTimer = clock.timer(bookmarkIntervalMs, () => {
      this.#sendBookmark({});
      this.#scheduleNextBookmark();
    });
  }

  #sendBookmark(metadata: JsonObject): void {
    const { store, order, target } = this.#options;
    if (this.#isSilent || this.#isOver) return;
    const { definition } = order;
    target.send('BOOKMARK', {
      kind: definition.kind,
      apiVersion: storedApiVersion(definition),
      metadata: { resourceVersion: String(store.revision), ...metadata },
      // What Go's types do not leave out when they are empty.
      ...(definition.plural === 'certificatesigningrequests'
        ? { spec: { request: null, signerName: '' }, status: {} }
        : {}),
    });
  }

  #sendError(error: StatusError): void {
    this.#options.target.send('ERROR', { ...error.toStatus() });
    this.#close();
  }

  #end(): void {
    // A silent connection stands for one that is broken unnoticed: it does not end either.
    if (!this.#isSilent) this.#close();
  }

  #close(): void {
    this.stop();
    this.#options.target.close();
  }

  #drop(): void {
    this.stop();
    this.#options.target.drop();
  }
}

function isDisturbance({ kind }: WatchFault): boolean {
  return kind === 'only-bookmarks' || kind === 'duplicate' || kind === 'stale-replay';
}

interface WatchEvent {
  readonly type: ChangeType;
  readonly object: KubeObject;
}

/** A change as a watch with a selection sees it: objects come and go as they begin and cease to fit. */
function eventOf(change: Change, { selection }: WatchOrder): WatchEvent | undefined {
  const { type, object, previous, revision } = change;
  const isSelected = type !== 'DELETED' && selection(object);
  const wasSelected = previous !== undefined && selection(previous);
  if (isSelected) return { type: wasSelected ? 'MODIFIED' : 'ADDED', object };
  if (!wasSelected) return undefined;
  const metadata = { ...previous.metadata, resourceVersion: String(revision) };
  return { type: 'DELETED', object: { ...previous, metadata } };
}
