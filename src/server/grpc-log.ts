import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';

/**
 * Makes grpc-js silent for the whole process. Its own log writes to standard error whatever a client
 * sends as a header with an illegal character, bearer tokens included (Metadata.fromHttp2Headers),
 * and GRPC_TRACE would have it write all headers.
 */
export function silenceGrpcLog(): void {
  setLogVerbosity(logVerbosity.NONE);
}
