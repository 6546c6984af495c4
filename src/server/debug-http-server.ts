import type { IncomingMessage } from 'node:http';
import type { Logger } from '../base/logger.ts';
import { PageServer, textPage } from './page-server.ts';
import type { PagePolicy, PageRoute } from './page-server.ts';

export interface DebugHttpServerOptions {
  /** By whole path, such as `/debug/explain`. */
  readonly routes: ReadonlyMap<string, PageRoute>;
  readonly log: Logger;
}

/**
 * No script, style or image from anywhere else, nothing inline, no text that becomes markup, no
 * frame around it and no form in it: what is shown came from clients.
 */
const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};

const policy: PagePolicy = {
  methods: ['GET'],
  headers: securityHeaders,
  maxConnections: 64,
  failure: 'a debug page failed',
  refuse: ({ headers }: IncomingMessage) =>
    isLoopbackName(headers.host)
      ? undefined
      : textPage(421, 'ask for it as localhost or 127.0.0.1'),
};

/**
 * Read-only pages for whoever may reach the loopback interface of the pod, that is through
 * `kubectl port-forward` or `kubectl exec`. The configuration has made sure that its address is loopback,
 * and the Host header must name the loopback interface: else a page of somebody's, opened in the browser of
 * an operator, could read it by rebinding its own name.
 */
export class DebugHttpServer extends PageServer {
  constructor({ routes, log }: DebugHttpServerOptions) {
    super({ routes, policy, log });
  }
}

/** Whether a Host header names the loopback interface, whatever its port. */
function isLoopbackName(host: string | undefined): boolean {
  const name = /^(localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/.exec(host?.toLowerCase() ?? '');
  return name !== null;
}
