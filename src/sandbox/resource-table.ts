import { isJsonObject, listAt, objectAt, textAt, valueAt } from './kube-object.ts';
import type { JsonObject } from './kube-object.ts';
import type { ResourceDefinition } from './resource-registry.ts';

export interface TableContext {
  readonly definition: ResourceDefinition;
  readonly now: number;
  readonly metadata: JsonObject;
  /** What goes beside a row's cells; nothing when undefined. */
  readonly rowObject: (object: JsonObject) => JsonObject | undefined;
}

type Cell = (object: JsonObject, now: number) => string | number;

interface Column {
  readonly name: string;
  readonly cell: Cell;
  readonly type?: 'integer' | 'string';
  readonly format?: string;
  /** Above zero: shown only with `-o wide`. */
  readonly priority?: number;
}

const none = '<none>';

const name: Column = {
  name: 'Name',
  format: 'name',
  cell: (object) => textAt(object, 'metadata', 'name') ?? '',
};
const age: Column = {
  name: 'Age',
  cell: (object, now) => ageOf(textAt(object, 'metadata', 'creationTimestamp'), now),
};

function text(title: string, ...path: readonly string[]): Column {
  return { name: title, cell: (object) => textAt(object, ...path) ?? none };
}

function size(title: string, ...path: readonly string[]): Column {
  return {
    name: title,
    type: 'integer',
    cell: (object) => Object.keys(objectAt(object, ...path)).length,
  };
}

const columnsOf: Readonly<Record<string, readonly Column[]>> = {
  certificatesigningrequests: [
    name,
    age,
    text('SignerName', 'spec', 'signerName'),
    { name: 'Requestor', cell: (object) => textAt(object, 'spec', 'username') ?? '' },
    { name: 'RequestedDuration', cell: requestedDuration },
    { name: 'Condition', cell: csrCondition },
  ],
  namespaces: [
    name,
    { name: 'Status', cell: (object) => textAt(object, 'status', 'phase') ?? '' },
    age,
  ],
  pods: [
    name,
    { name: 'Ready', cell: readyContainers },
    text('Status', 'status', 'phase'),
    { name: 'Restarts', cell: () => '0' },
    age,
    { ...text('IP', 'status', 'podIP'), priority: 1 },
    { ...text('Node', 'spec', 'nodeName'), priority: 1 },
  ],
  serviceaccounts: [name, age],
  configmaps: [name, size('Data', 'data'), age],
  secrets: [name, text('Type', 'type'), size('Data', 'data'), age],
  nodes: [name, { name: 'Status', cell: () => 'Ready' }, { name: 'Roles', cell: () => none }, age],
  events: [
    { name: 'Last Seen', cell: lastSeen },
    text('Type', 'type'),
    text('Reason', 'reason'),
    { name: 'Object', cell: involvedObject },
    text('Message', 'message'),
  ],
  leases: [name, text('Holder', 'spec', 'holderIdentity'), age],
  issuers: [name, { name: 'Ready', cell: readyCondition }, age],
  clusterissuers: [name, { name: 'Ready', cell: readyCondition }, age],
};

/** Objects as rows: what `kubectl get` prints. */
export function tableOf(objects: readonly JsonObject[], context: TableContext): JsonObject {
  const { definition, now, metadata } = context;
  const columns = columnsOf[definition.plural] ?? [name, age];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map(({ name: title, type, format, priority }) => ({
      name: title,
      type: type ?? 'string',
      format: format ?? '',
      description: '',
      priority: priority ?? 0,
    })),
    rows: objects.map((object) => {
      const beside = context.rowObject(object);
      return {
        cells: columns.map(({ cell }) => cell(object, now)),
        object: beside ?? null,
      };
    }),
  };
}

function requestedDuration(csr: JsonObject): string {
  const lifetime = valueAt(csr, 'spec', 'expirationSeconds');
  return typeof lifetime === 'number' ? humanDuration(lifetime) : none;
}

function csrCondition(csr: JsonObject): string {
  const types = listAt(csr, 'status', 'conditions').map((condition) => textAt(condition, 'type'));
  const verdict = ['Denied', 'Approved'].find((type) => types.includes(type)) ?? 'Pending';
  const hasCertificate = (textAt(csr, 'status', 'certificate') ?? '') !== '';
  return [
    verdict,
    ...(types.includes('Failed') ? ['Failed'] : []),
    ...(hasCertificate ? ['Issued'] : []),
  ].join(',');
}

function readyContainers(pod: JsonObject): string {
  const total = listAt(pod, 'spec', 'containers').length;
  const isRunning = textAt(pod, 'status', 'phase') === 'Running';
  return `${isRunning ? total : 0}/${total}`;
}

function readyCondition(issuer: JsonObject): string {
  const ready = listAt(issuer, 'status', 'conditions')
    .filter(isJsonObject)
    .find((condition) => condition['type'] === 'Ready');
  return textAt(ready, 'status') ?? '';
}

function lastSeen(event: JsonObject, now: number): string {
  const seen = textAt(event, 'lastTimestamp') ?? textAt(event, 'eventTime');
  return ageOf(seen ?? textAt(event, 'metadata', 'creationTimestamp'), now);
}

function involvedObject(event: JsonObject): string {
  const { kind, name: object } = objectAt(event, 'involvedObject');
  return `${String(kind).toLowerCase()}/${String(object)}`;
}

function ageOf(since: string | undefined, now: number): string {
  if (since === undefined) return '<unknown>';
  return humanDuration(Math.floor((now - Date.parse(since)) / 1000));
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

type Unit = readonly [seconds: number, letter: string];

const [seconds, minutes, hours, days, years]: readonly [Unit, Unit, Unit, Unit, Unit] = [
  [1, 's'],
  [minute, 'm'],
  [hour, 'h'],
  [day, 'd'],
  [year, 'y'],
];

/** Up to which length which units are shown. */
const precision: readonly (readonly [below: number, larger: Unit, smaller?: Unit])[] = [
  [2 * minute, seconds],
  [10 * minute, minutes, seconds],
  [3 * hour, minutes],
  [8 * hour, hours, minutes],
  [2 * day, hours],
  [8 * day, days, hours],
  [2 * year, days],
  [8 * year, years, days],
  [Infinity, years],
];

/** A duration in at most two units, as precise as kubectl's tables are. */
function humanDuration(length: number): string {
  if (length < 0) return length > -2 ? '0s' : '<invalid>';
  const [, larger = seconds, smaller] = precision.find(([below]) => length < below) ?? [];
  const whole = `${Math.floor(length / larger[0])}${larger[1]}`;
  const rest = smaller === undefined ? 0 : Math.floor((length % larger[0]) / smaller[0]);
  return smaller === undefined || rest === 0 ? whole : `${whole}${rest}${smaller[1]}`;
}
