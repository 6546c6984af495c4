import path from 'node:path';
import { loadSync } from '@grpc/proto-loader';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { protoPath as healthProtoPath } from 'grpc-health-check';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { completeFileDescriptors } from '../../../src/server/file-descriptors.ts';
import { loadCertificateProto } from '../../../src/server/proto.ts';

type Message = MessageTypeDefinition<object, object>;

/** The completed descriptors of our proto and of health's, decoded, by file name. */
let files: Map<string, object>;
beforeAll(() => {
  const { definition } = loadCertificateProto(path.resolve('proto'), [healthProtoPath]);
  const request = definition['istio.v1.auth.IstioCertificateRequest'] as unknown as Message;
  const descriptor = loadSync('google/protobuf/descriptor.proto', { enums: String });
  const type = descriptor['google.protobuf.FileDescriptorProto'] as unknown as Message;
  const decoded = completeFileDescriptors(request.fileDescriptorProtos).map(
    (bytes) => type.deserialize(bytes) as { readonly name: string },
  );
  files = new Map(decoded.map((file) => [file.name, file]));
});

describe('completeFileDescriptors', () => {
  it('calls the entry of a map field by its name in CamelCase and Entry', () => {
    expect(files.get('google_protobuf.proto')).toMatchObject({
      messageType: expect.arrayContaining([
        expect.objectContaining({
          name: 'Struct',
          field: [expect.objectContaining({ typeName: '.google.protobuf.Struct.FieldsEntry' })],
          nestedType: [expect.objectContaining({ name: 'FieldsEntry' })],
        }),
      ]),
    });
  });

  it('makes type names absolute, those of enums inside messages too', () => {
    expect(files.get('grpc_health_v1.proto')).toMatchObject({
      messageType: expect.arrayContaining([
        expect.objectContaining({
          name: 'HealthCheckResponse',
          field: [
            expect.objectContaining({
              typeName: '.grpc.health.v1.HealthCheckResponse.ServingStatus',
            }),
          ],
        }),
      ]),
    });
  });

  it('lists imports, each once and never the file itself', () => {
    expect(files.get('istio_v1_auth.proto')).toMatchObject({
      dependency: ['google_protobuf.proto'],
    });
    expect(files.get('google_protobuf.proto')).not.toHaveProperty('dependency');
  });

  it('gives fields their names in JSON', () => {
    expect(files.get('istio_v1_auth.proto')).toMatchObject({
      messageType: [
        {
          field: [{ jsonName: 'csr' }, { jsonName: 'validityDuration' }, { jsonName: 'metadata' }],
        },
        { field: [{ jsonName: 'certChain' }] },
      ],
    });
  });
});
