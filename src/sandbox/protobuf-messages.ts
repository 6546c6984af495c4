/** How a field is written; a message stands for itself. */
export type FieldType = 'text' | 'bytes' | 'buffer' | 'int' | 'bool' | 'time' | MapType | Message;

export interface MapType {
  readonly mapOf: FieldType;
}

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly repeated?: boolean;
}

/** Fields by number. */
export type Message = Readonly<Record<number, Field>>;

function field(name: string, type: FieldType): Field {
  return { name, type };
}

function text(name: string): Field {
  return { name, type: 'text' };
}

function texts(name: string): Field {
  return { name, type: 'text', repeated: true };
}

function textMap(name: string): Field {
  return { name, type: { mapOf: 'text' } };
}

const ownerReference: Message = {
  1: text('kind'),
  3: text('name'),
  4: text('uid'),
  5: text('apiVersion'),
  6: field('controller', 'bool'),
  7: field('blockOwnerDeletion', 'bool'),
};

const metadata = field('metadata', {
  1: text('name'),
  2: text('generateName'),
  3: text('namespace'),
  5: text('uid'),
  6: text('resourceVersion'),
  7: field('generation', 'int'),
  8: field('creationTimestamp', 'time'),
  9: field('deletionTimestamp', 'time'),
  11: textMap('labels'),
  12: textMap('annotations'),
  13: { name: 'ownerReferences', type: ownerReference, repeated: true },
  14: texts('finalizers'),
});

const condition: Message = {
  1: text('type'),
  2: text('reason'),
  3: text('message'),
  4: field('lastUpdateTime', 'time'),
  5: field('lastTransitionTime', 'time'),
  6: text('status'),
};

const signingRequest: Message = {
  1: metadata,
  2: field('spec', {
    1: field('request', 'bytes'),
    2: text('username'),
    3: text('uid'),
    4: texts('groups'),
    5: texts('usages'),
    7: text('signerName'),
    8: field('expirationSeconds', 'int'),
  }),
  3: field('status', {
    1: { name: 'conditions', type: condition, repeated: true },
    2: field('certificate', 'bytes'),
  }),
};

const tokenRequest: Message = {
  1: metadata,
  2: field('spec', {
    1: texts('audiences'),
    3: field('boundObjectRef', {
      1: text('kind'),
      2: text('apiVersion'),
      3: text('name'),
      4: text('uid'),
    }),
    4: field('expirationSeconds', 'int'),
  }),
};

const resourceAttributes = field('resourceAttributes', {
  1: text('namespace'),
  2: text('verb'),
  3: text('group'),
  4: text('version'),
  5: text('resource'),
  6: text('subresource'),
  7: text('name'),
});
const nonResourceAttributes = field('nonResourceAttributes', { 1: text('path'), 2: text('verb') });

/** The types that kubectl's own commands send, by kind. */
const messages = new Map<string, Message>([
  ['CertificateSigningRequest', signingRequest],
  ['TokenRequest', tokenRequest],
  ['TokenReview', { 1: metadata, 2: field('spec', { 1: text('token'), 2: texts('audiences') }) }],
  [
    'SelfSubjectAccessReview',
    { 1: metadata, 2: field('spec', { 1: resourceAttributes, 2: nonResourceAttributes }) },
  ],
  [
    'SubjectAccessReview',
    {
      1: metadata,
      2: field('spec', {
        1: resourceAttributes,
        2: nonResourceAttributes,
        3: text('user'),
        4: texts('groups'),
      }),
    },
  ],
  ['SelfSubjectRulesReview', { 1: metadata, 2: field('spec', { 1: text('namespace') }) }],
  ['SelfSubjectReview', { 1: metadata }],
  [
    'ConfigMap',
    {
      1: metadata,
      2: textMap('data'),
      3: field('binaryData', { mapOf: 'bytes' }),
      4: field('immutable', 'bool'),
    },
  ],
  [
    'Secret',
    {
      1: metadata,
      2: field('data', { mapOf: 'bytes' }),
      3: text('type'),
      4: textMap('stringData'),
      5: field('immutable', 'bool'),
    },
  ],
  ['Namespace', { 1: metadata, 2: field('spec', { 1: texts('finalizers') }) }],
  ['ServiceAccount', { 1: metadata }],
  [
    'DeleteOptions',
    {
      1: field('gracePeriodSeconds', 'int'),
      2: field('preconditions', { 1: text('uid'), 2: text('resourceVersion') }),
      4: text('propagationPolicy'),
      5: texts('dryRun'),
    },
  ],
]);

export function messageOf(kind: string): Message | undefined {
  return messages.get(kind);
}
