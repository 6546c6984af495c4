import { loadSync } from '@grpc/proto-loader';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

/** The parts of google.protobuf.FileDescriptorProto that are put right here. */
interface FieldDescriptor {
  readonly name: string;
  typeName?: string;
  jsonName?: string;
}

interface MessageDescriptor {
  name: string;
  readonly field?: readonly FieldDescriptor[];
  readonly nestedType?: readonly MessageDescriptor[];
  readonly enumType?: readonly { readonly name: string }[];
  readonly options?: { readonly mapEntry?: boolean };
}

interface FileDescriptor {
  readonly name: string;
  readonly package: string;
  readonly messageType?: readonly MessageDescriptor[];
  readonly enumType?: readonly { readonly name: string }[];
  readonly service?: readonly {
    readonly method?: readonly { readonly inputType: string; readonly outputType: string }[];
  }[];
  dependency?: readonly string[];
}

type FileDescriptorType = MessageTypeDefinition<FileDescriptor, FileDescriptor>;

/** The full name of every message and enum, and the file that defines it. */
type FileByType = ReadonlyMap<string, FileDescriptor>;

/**
 * The descriptors of proto-loader, made such that others accept them. protobuf.js, which writes them,
 * names map entries in its own way, leaves type names relative and lists no imports; grpcurl refuses
 * these (fullstorydev/grpcurl#519), and our request has a google.protobuf.Struct, a map.
 */
export function completeFileDescriptors(encoded: readonly Uint8Array[]): Buffer[] {
  const { FileDescriptorProto } = descriptorTypes();
  const files = encoded.map((bytes) => FileDescriptorProto.deserialize(Buffer.from(bytes)));
  for (const file of files) file.messageType?.forEach(renameMapEntries);
  const fileByType: FileByType = new Map(
    files.flatMap((file) => typesOf(file).map(({ fullName }) => [fullName, file] as const)),
  );
  for (const file of files) complete(file, fileByType);
  return files.map((file) => FileDescriptorProto.serialize(file));
}

function descriptorTypes(): { readonly FileDescriptorProto: FileDescriptorType } {
  const definition = loadSync('google/protobuf/descriptor.proto', { enums: String, longs: String });
  const type = definition['google.protobuf.FileDescriptorProto'];
  return { FileDescriptorProto: type as unknown as FileDescriptorType };
}

/** The entry of a map field `foo_bar` is called `FooBarEntry` (descriptor.proto, map_entry). */
function renameMapEntries(message: MessageDescriptor): void {
  const entries = message.nestedType?.filter(({ options }) => options?.mapEntry === true) ?? [];
  for (const field of message.field ?? []) {
    const entry = entries.find(({ name }) => name === field.typeName);
    if (entry === undefined) continue;
    entry.name = `${camelCase(`_${field.name}`)}Entry`;
    field.typeName = entry.name;
  }
  message.nestedType?.forEach(renameMapEntries);
}

interface NamedType {
  readonly fullName: string;
  /** Undefined for an enum. */
  readonly message: MessageDescriptor | undefined;
}

function typesOf(file: FileDescriptor): readonly NamedType[] {
  return typesIn(file.package, file.messageType, file.enumType);
}

function typesIn(
  scope: string,
  messages: readonly MessageDescriptor[] = [],
  enums: readonly { readonly name: string }[] = [],
): readonly NamedType[] {
  const nested = messages.flatMap((message) => {
    const fullName = `${scope}.${message.name}`;
    return [{ fullName, message }, ...typesIn(fullName, message.nestedType, message.enumType)];
  });
  return [
    ...nested,
    ...enums.map(({ name }) => ({ fullName: `${scope}.${name}`, message: undefined })),
  ];
}

function complete(file: FileDescriptor, fileByType: FileByType): void {
  const used: string[] = [];
  for (const { fullName, message } of typesOf(file)) {
    for (const field of message?.field ?? []) {
      field.jsonName = camelCase(field.name);
      if (field.typeName === undefined || field.typeName === '') continue;
      const type = resolve(field.typeName, fullName, fileByType);
      field.typeName = `.${type}`;
      used.push(type);
    }
  }
  for (const { method = [] } of file.service ?? []) {
    used.push(...method.flatMap(({ inputType, outputType }) => [inputType, outputType]).map(undot));
  }
  const imported = used.map((type) => fileByType.get(type)?.name ?? '');
  file.dependency = [...new Set(imported)].filter((name) => name !== '' && name !== file.name);
}

/** Looks for a relative name in ever wider scopes, as the protobuf language does. */
function resolve(name: string, scope: string, fileByType: FileByType): string {
  if (name.startsWith('.')) return undot(name);
  const parts = scope.split('.');
  for (let length = parts.length; length > 0; length -= 1) {
    const candidate = [...parts.slice(0, length), name].join('.');
    if (fileByType.has(candidate)) return candidate;
  }
  return name;
}

function undot(name: string): string {
  return name.replace(/^\./, '');
}

/** `foo_bar` as `fooBar`, the name that a field has in JSON. */
function camelCase(name: string): string {
  return name.replace(/_+(.)/g, (_match, letter: string) => letter.toUpperCase());
}
