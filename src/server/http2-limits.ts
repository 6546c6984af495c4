import type { SecureServerOptions } from 'node:http2';

/** One connection may carry as many calls at once as this; others wait in the client. */
const maxConcurrentStreams = 256;

/** Limits of a client's connection. grpc-js reaches none of them through its channel options. */
export const http2Limits: SecureServerOptions = {
  requestCert: true,
  // A certificate that proves nothing is no reason to refuse a good token.
  // Divergence: in istiod it fails the handshake.
  rejectUnauthorized: false,
  handshakeTimeout: 5_000,
  unknownProtocolTimeout: 2_000,
  maxHeaderListPairs: 48,
  /** Megabytes. grpc-js itself asks for no limit; ten is what Node has by default. */
  maxSessionMemory: 10,
  maxSessionInvalidFrames: 50,
  maxSessionRejectedStreams: 20,
  maxOutstandingPings: 4,
  // Rapid reset (CVE-2023-44487).
  streamResetBurst: 500,
  streamResetRate: 50,
  settings: { maxConcurrentStreams, maxHeaderListSize: 16_384, enablePush: false },
};
