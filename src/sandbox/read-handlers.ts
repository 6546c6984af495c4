import type { Answer, ObjectList, WatchOrder } from './answer.ts';
import { isJsonObject, storageKey, textAt } from './kube-object.ts';
import type { KubeObject } from './kube-object.ts';
import { checkListOptions, checkWatchOptions } from './list-options.ts';
import type { ObjectStore, Snapshot } from './object-store.ts';
import { isTrue } from './request-info.ts';
import type { ResourceRequest } from './resource-request.ts';
import { parseSelection } from './selectors.ts';
import type { Selection } from './selectors.ts';
import {
  badRequest,
  expired,
  notFound,
  StatusError,
  tooLargeResourceVersion,
} from './status-error.ts';

/** The object, or a StatusError (404). */
export function existing(store: ObjectStore, request: ResourceRequest): KubeObject {
  const { definition, namespace, name } = request;
  const found = store.get(definition.plural, namespace, name);
  if (found === undefined) throw notFound(definition, name);
  return found;
}

export function get(store: ObjectStore, request: ResourceRequest): Answer {
  const revision = atRead(() => revisionOf(request.query.get('resourceVersion')));
  checkNotInFuture(store, revision ?? 0);
  return { kind: 'object', status: 200, object: existing(store, request) };
}

export function list(store: ObjectStore, request: ResourceRequest): Answer {
  return { kind: 'list', list: selectedList(store, request) };
}

/** What a list or deletecollection selects. Throws a StatusError (400, 410, 504). */
export function selectedList(store: ObjectStore, request: ResourceRequest): ObjectList {
  const { query } = request;
  checkListOptions(query);
  const selection = selectionOf(request);
  const token = continuationOf(query.get('continue'));
  const { objects, revision } = snapshotFor(store, request, token);
  const selected = objects
    .filter(selection)
    .filter(({ metadata }) => token === undefined || keyOf(metadata) > token.after);
  // Where any state will do the API server gives the whole of what it has in memory.
  const isFromMemory = query.get('resourceVersion') === '0' && token === undefined;
  const asked = numberOf(query.get('limit'));
  const limit = isFromMemory ? selected.length : (asked ?? selected.length);
  const items = selected.slice(0, limit);
  const last = items.at(-1);
  const isComplete = items.length === selected.length || last === undefined;
  const isUnselective = !query.has('labelSelector') && !query.has('fieldSelector');
  return {
    items,
    metadata: {
      resourceVersion: String(revision),
      ...(isComplete ? {} : { continue: continueToken({ revision, after: keyOf(last.metadata) }) }),
      ...(isComplete || !isUnselective
        ? {}
        : { remainingItemCount: selected.length - items.length }),
    },
  };
}

/** A number above zero; undefined for none. */
function numberOf(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (!/^-?\d{1,15}$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text) > 0 ? Number(text) : undefined;
}

function selectionOf({ query, namespace, definition }: ResourceRequest): Selection {
  const labelSelector = query.get('labelSelector') ?? '';
  const fieldSelector = query.get('fieldSelector') ?? '';
  return parseSelection({ namespace, labelSelector, fieldSelector }, definition.fieldSelectors);
}

function keyOf({ namespace, name }: KubeObject['metadata']): string {
  return storageKey(namespace, name);
}

function snapshotFor(
  store: ObjectStore,
  { definition, namespace, query }: ResourceRequest,
  token: Continuation | undefined,
): Snapshot {
  const wanted = revisionOf(query.get('resourceVersion')) ?? 0;
  const isExact = query.get('resourceVersionMatch') === 'Exact';
  if (token === undefined && !isExact) {
    checkNotInFuture(store, wanted);
    return store.list(definition.plural, namespace);
  }
  if (token?.revision === latest) return store.list(definition.plural, namespace);
  const revision = token?.revision ?? wanted;
  checkNotInFuture(store, revision);
  const snapshot = store.listAt(revision, definition.plural, namespace);
  if (snapshot !== undefined) return snapshot;
  if (token === undefined) throw expired('The resourceVersion for the provided list is too old.');
  throw expired(
    'The provided continue parameter is too old to display a consistent list result.',
    continueToken({ ...token, revision: latest }),
  );
}

function checkNotInFuture(store: ObjectStore, revision: number): void {
  if (revision > store.revision) throw tooLargeResourceVersion(revision, store.revision);
}

function revisionOf(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) {
    const value = JSON.stringify(text);
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${value}: strconv.ParseUint: parsing ${value}: invalid syntax`,
    );
  }
  return Number(text);
}

/** In a continue token: the rest as it is now, though it may not fit what was given before. */
const latest = -1;

interface Continuation {
  readonly revision: number;
  /** The key of the last object that was given. */
  readonly after: string;
}

function continueToken({ revision, after }: Continuation): string {
  const token = { v: 'meta.k8s.io/v1', rv: revision, start: after };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function continuationOf(text: string | null): Continuation | undefined {
  if (text === null || text === '') return undefined;
  const token = parseToken(Buffer.from(text, 'base64url').toString());
  const after = textAt(token, 'start');
  const revision = isJsonObject(token) ? token['rv'] : undefined;
  if (after === undefined || typeof revision !== 'number') {
    throw badRequest('invalid continue token: continue key is not valid');
  }
  return { revision, after };
}

function parseToken(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The API server ends watches after 30 to 60 minutes when the client names no time. */
const minWatchSeconds = 1800;

export function watch(request: ResourceRequest): Answer {
  const { query, definition, namespace } = request;
  checkWatchOptions(query);
  const sendInitialEvents = isTrue(query.get('sendInitialEvents'));
  const revision = atRead(() => revisionOf(query.get('resourceVersion')));
  const order: WatchOrder = {
    definition,
    namespace,
    selection: selectionOf(request),
    fromRevision: sendInitialEvents || revision === 0 ? undefined : revision,
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents,
    timeoutSeconds: numberOf(query.get('timeoutSeconds')) ?? minWatchSeconds * (1 + Math.random()),
  };
  return { kind: 'watch', order };
}

/** A malformed version is the client's mistake, yet the API server's answer to it here is a 500. */
function atRead<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new StatusError(500, '', StatusError.from(error).message.replace(/^[^:]*: /, ''));
  }
}
