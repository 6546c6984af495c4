import { parseListenAddress } from '../base/listen-address.ts';
import type { Setting } from './setting.ts';
import { boolean, listenAddress } from './setting-parsers.ts';

function address(flag: string, help: string, fallback: string) {
  return { flag, help, placeholder: '<host:port>', fallback, parse: listenAddress };
}

/** Heap and profiles are for who is on the machine. */
function loopbackAddress(value: string): string {
  const { host = '' } = parseListenAddress(value);
  if (/^(127(\.\d{1,3}){3}|::1|localhost)$/.test(host)) return value;
  throw new Error('must be an address of this machine alone, such as 127.0.0.1:9876');
}

/** Where we listen. */
export const listenSettings = {
  secureGrpcAddress: address(
    'secureGRPCAddr',
    'where CreateCertificate is served, over TLS',
    ':15012',
  ),
  grpcAddress: address(
    'grpcAddr',
    'plain gRPC: xDS with ISTIOD_UPSTREAM, CreateCertificate with PILOT_CERT_PROVIDER=none',
    ':15010',
  ),
  httpsAddress: address('httpsAddr', "istiod's webhooks, with ISTIOD_UPSTREAM", ':15017'),
  httpAddress: address('httpAddr', 'where /ready and /healthz are served', ':8080'),
  monitoringAddress: address('monitoringAddr', 'where /metrics and /version are served', ':15014'),
  debugAddress: {
    ...address(
      'debugAddr',
      'where the process can be looked into, by who is in the pod',
      '127.0.0.1:9876',
    ),
    parse: loopbackAddress,
  },
  reflection: {
    flag: 'grpcReflection',
    help: 'serve gRPC reflection: true or false',
    placeholder: '<bool>',
    fallback: 'false',
    parse: boolean,
  },
} satisfies Record<string, Setting<unknown>>;
