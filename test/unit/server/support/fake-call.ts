import { EventEmitter } from 'node:events';
import { Metadata } from '@grpc/grpc-js';
import type { ServerUnaryCall } from '@grpc/grpc-js';
import type {
  CertificateRequestMessage,
  CertificateResponseMessage,
} from '../../../../src/server/proto.ts';

export interface FakeCallOptions {
  readonly request?: Partial<CertificateRequestMessage>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly peer?: string;
  /** Milliseconds since the epoch. */
  readonly deadline?: number;
  readonly cancelled?: boolean;
}

type Call = ServerUnaryCall<CertificateRequestMessage, CertificateResponseMessage>;

/** A call as grpc-js hands it to a handler. */
export class FakeCall extends EventEmitter {
  readonly request: CertificateRequestMessage;
  readonly metadata = new Metadata();
  readonly cancelled: boolean;
  readonly #options: FakeCallOptions;

  constructor(options: FakeCallOptions = {}) {
    super();
    this.#options = options;
    this.cancelled = options.cancelled ?? false;
    this.request = { csr: 'a csr', validity_duration: '0', metadata: null, ...options.request };
    const headers = options.headers ?? { authorization: 'Bearer good' };
    for (const [name, value] of Object.entries(headers)) this.metadata.set(name, value);
  }

  getPeer(): string {
    return this.#options.peer ?? '10.0.0.1:4000';
  }

  getDeadline(): number {
    return this.#options.deadline ?? Infinity;
  }

  cancel(): void {
    this.emit('cancelled', 'cancelled');
  }

  get asCall(): Call {
    return this as unknown as Call;
  }
}
