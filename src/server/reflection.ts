import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import type { MessageTypeDefinition, PackageDefinition } from '@grpc/proto-loader';
import { completeFileDescriptors } from './file-descriptors.ts';

/** Adds server reflection, v1 and v1alpha, that tells of the services in `definition`. */
export function addReflection(
  server: Pick<Server, 'addService'>,
  definition: PackageDefinition,
): void {
  // Each message carries the descriptors of all files, and the library reads nothing else of it.
  const message = Object.values(definition).find(isMessage);
  if (message === undefined) throw new Error('the definition holds no message');
  const fileDescriptorProtos = completeFileDescriptors(message.fileDescriptorProtos);
  new ReflectionService({ files: { ...message, fileDescriptorProtos } }).addToServer(server);
}

type AnyMessage = MessageTypeDefinition<object, object>;

function isMessage(entry: PackageDefinition[string]): entry is AnyMessage {
  return entry.format === 'Protocol Buffer 3 DescriptorProto';
}
