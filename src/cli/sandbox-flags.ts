import type { OutputForm } from './output-options.ts';

/** What was typed after `istio-ra sandbox`. */
export interface SandboxFlags {
  readonly dir: string;
  readonly exit?: boolean;
  readonly grpc: string;
  readonly apiPort: string;
  readonly http: string;
  readonly monitoring: string;
  readonly debug: string;
  readonly output: OutputForm;
  readonly quiet?: true;
}
