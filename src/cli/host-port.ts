import { parseListenAddress } from '../base/listen-address.ts';
import { UsageError } from './workspace.ts';

/** Throws UsageError for an address that nobody can be called at. */
export function checkHostPort(address: string, flag: string, example: string): void {
  const { host, port } = hostAndPort(address);
  if (host !== undefined && port > 0 && !/[\s/]/.test(host)) return;
  throw new UsageError(
    `${flag} ${JSON.stringify(address)} is not <host:port>: write it like ${example}`,
  );
}

function hostAndPort(address: string): ReturnType<typeof parseListenAddress> {
  try {
    return parseListenAddress(address);
  } catch {
    return { host: undefined, port: 0 };
  }
}
