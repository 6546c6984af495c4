import { objectAt, timestamp } from './kube-object.ts';
import type { JsonObject } from './kube-object.ts';
import { messageOf } from './protobuf-messages.ts';
import type { Field, FieldType, Message } from './protobuf-messages.ts';
import { badRequest, unsupportedMediaType } from './status-error.ts';

/** kubectl sends the built-in types in this encoding; the sandbox answers it in JSON. */
export const protobufType = 'application/vnd.kubernetes.protobuf';

const magic = Buffer.from('k8s\0', 'latin1');

/**
 * The object in a body of Kubernetes' protobuf encoding: an envelope that names the type, around a
 * message of that type. Throws a StatusError: 400 for what is malformed, 415 for other types.
 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, magic.length).equals(magic)) throw malformed();
  const envelope = decode(body.subarray(magic.length), {
    1: { name: 'typeMeta', type: { 1: text('apiVersion'), 2: text('kind') } },
    2: { name: 'raw', type: 'buffer' },
  });
  const { apiVersion = '', kind = '' } = objectAt(envelope, 'typeMeta') as TypeMeta;
  const message = messageOf(kind);
  if (message === undefined) throw unsupportedMediaType(['application/json', 'application/yaml']);
  const raw = envelope['raw'];
  return { apiVersion, kind, ...(Buffer.isBuffer(raw) ? decode(raw, message) : {}) };
}

interface TypeMeta {
  readonly apiVersion?: string;
  readonly kind?: string;
}

function text(name: string): Field {
  return { name, type: 'text' };
}

function malformed(): Error {
  return badRequest('the body is not in the Kubernetes protobuf encoding');
}

const wire = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 };

interface RawField {
  readonly number: number;
  readonly value: number | Buffer;
}

function decode(bytes: Buffer, message: Message): JsonObject {
  const object = new Map<string, unknown>();
  for (const { number, value } of rawFields(bytes)) {
    const field = message[number];
    if (field === undefined) continue;
    const decoded = valueOf(value, field.type);
    // Go writes empty texts and times where JSON has nothing.
    if (decoded === undefined || (decoded === '' && field.repeated !== true)) continue;
    object.set(field.name, merged(object.get(field.name), decoded, field));
  }
  return Object.fromEntries(object);
}

function merged(before: unknown, value: unknown, { repeated, type }: Field): unknown {
  if (repeated === true) return [...((before as unknown[] | undefined) ?? []), value];
  return typeof type === 'object' && 'mapOf' in type
    ? { ...(before as object), ...(value as object) }
    : value;
}

function valueOf(value: number | Buffer, type: FieldType): unknown {
  const isNumeric = type === 'int' || type === 'bool';
  if (typeof value === 'number') {
    if (!isNumeric) throw malformed();
    return type === 'bool' ? value !== 0 : value;
  }
  if (isNumeric) throw malformed();
  return delimitedValueOf(value, type);
}

function delimitedValueOf(value: Buffer, type: Exclude<FieldType, 'int' | 'bool'>): unknown {
  switch (type) {
    case 'text':
      return value.toString('utf8');
    case 'bytes':
      return value.toString('base64');
    case 'buffer':
      return value;
    case 'time':
      return timeOf(value);
    default:
      return 'mapOf' in type ? entryOf(value, type.mapOf) : decode(value, type);
  }
}

/** Seconds since the epoch; nothing for Go's zero time. */
function timeOf(value: Buffer): string | undefined {
  const seconds = rawFields(value).find(({ number }) => number === 1)?.value;
  return typeof seconds === 'number' && seconds > 0 ? timestamp(seconds * 1000) : undefined;
}

function entryOf(value: Buffer, type: FieldType): JsonObject {
  const fields = new Map(rawFields(value).map((field) => [field.number, field.value]));
  const [key, held] = [fields.get(1) ?? Buffer.alloc(0), fields.get(2) ?? Buffer.alloc(0)];
  if (typeof key === 'number') throw malformed();
  return { [key.toString('utf8')]: valueOf(held, type) };
}

function rawFields(bytes: Buffer): readonly RawField[] {
  const fields: RawField[] = [];
  let offset = 0;
  const varint = (): number => {
    let result = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = bytes[offset];
      if (byte === undefined) throw malformed();
      offset += 1;
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result;
    }
    throw malformed();
  };
  const take = (length: number): Buffer => {
    if (offset + length > bytes.length) throw malformed();
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  while (offset < bytes.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    switch (key % 8) {
      case wire.varint:
        fields.push({ number, value: varint() });
        break;
      case wire.delimited:
        fields.push({ number, value: take(varint()) });
        break;
      case wire.fixed64:
        fields.push({ number, value: take(8) });
        break;
      case wire.fixed32:
        fields.push({ number, value: take(4) });
        break;
      default:
        throw malformed();
    }
  }
  return fields;
}
