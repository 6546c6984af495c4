/** Envoy's static configuration, as plain objects: JSON is YAML. */
type Config = Readonly<Record<string, unknown>>;

/** Files that an Envoy's TLS secrets are read from; replacing one takes effect at once. */
export interface SecretFiles {
  readonly folder: string;
  readonly identity: string;
  readonly trust: string;
}

export interface CommonConfig {
  readonly port: number;
  readonly adminPort: number;
  readonly secrets: SecretFiles;
}

/** An mTLS server that answers every request with 200 and a text. */
export function serverConfig(options: CommonConfig & { readonly body: string }): Config {
  const transport = tlsSocket('DownstreamTlsContext', {
    require_client_certificate: true,
    // A resumed session would not show the certificate of now.
    disable_stateless_session_resumption: true,
    disable_stateful_session_resumption: true,
    common_tls_context: commonTls(options.secrets),
  });
  const route = {
    match: { prefix: '/' },
    direct_response: { status: 200, body: { inline_string: options.body } },
  };
  return bootstrap(options, {
    listeners: [httpListener(options.port, [virtualHost('all', ['*'], route)], transport)],
  });
}

export interface Upstream {
  /** The Host header that leads there, and the name of the cluster in the stats. */
  readonly name: string;
  readonly port: number;
}

/** An mTLS client: takes plain HTTP and passes it on to the upstream that the Host header names. */
export function clientConfig(
  options: CommonConfig & { readonly upstreams: readonly Upstream[] },
): Config {
  const hosts = options.upstreams.map(({ name }) =>
    virtualHost(name, [name], { match: { prefix: '/' }, route: { cluster: name } }),
  );
  return bootstrap(options, {
    listeners: [httpListener(options.port, hosts)],
    clusters: options.upstreams.map((upstream) => cluster(upstream, options.secrets)),
  });
}

/** The secret with a workload's own certificate chain and key. */
export function identitySecret(chainPem: string, keyPem: string): Config {
  return secret('identity', {
    tls_certificate: {
      certificate_chain: { inline_string: chainPem },
      private_key: { inline_string: keyPem },
    },
  });
}

/** The secret with the roots that peers are checked with. */
export function trustSecret(rootPem: string): Config {
  return secret('trust', { validation_context: { trusted_ca: { inline_string: rootPem } } });
}

function secret(name: string, content: Config): Config {
  return { resources: [{ ...typed('transport_sockets.tls.v3.Secret'), name, ...content }] };
}

function bootstrap({ adminPort }: CommonConfig, staticResources: Config): Config {
  return {
    admin: { address: address(adminPort) },
    static_resources: staticResources,
    // File-based secrets are dynamic resources, whose subscriber must have a name.
    node: { id: 'istio-ra-e2e', cluster: 'istio-ra-e2e' },
  };
}

function cluster({ name, port }: Upstream, secrets: SecretFiles): Config {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
    },
    transport_socket: tlsSocket('UpstreamTlsContext', {
      max_session_keys: 0,
      common_tls_context: commonTls(secrets),
    }),
    // One request for each connection: every answer proves a handshake of its own.
    ...options('upstreams.http.v3.HttpProtocolOptions', {
      common_http_protocol_options: { max_requests_per_connection: 1 },
      explicit_http_config: { http_protocol_options: {} },
    }),
  };
}

function options(type: string, content: Config): Config {
  return {
    typed_extension_protocol_options: {
      [`envoy.extensions.${type}`]: { ...typed(type), ...content },
    },
  };
}

/** Trust by root only: no name of the peer is matched, as the reference document has it. */
function commonTls(secrets: SecretFiles): Config {
  return {
    tls_certificate_sds_secret_configs: [fileSecret('identity', secrets.identity, secrets.folder)],
    validation_context_sds_secret_config: fileSecret('trust', secrets.trust, secrets.folder),
  };
}

function fileSecret(name: string, path: string, folder: string): Config {
  return {
    name,
    sds_config: {
      resource_api_version: 'V3',
      path_config_source: { path, watched_directory: { path: folder } },
    },
  };
}

function httpListener(port: number, virtualHosts: readonly Config[], transport?: Config): Config {
  const manager = {
    ...typed('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'http',
    route_config: { virtual_hosts: virtualHosts },
    http_filters: [
      { name: 'envoy.filters.http.router', typed_config: typed('filters.http.router.v3.Router') },
    ],
  };
  const filter = { name: 'envoy.filters.network.http_connection_manager', typed_config: manager };
  return {
    name: 'http',
    address: address(port),
    filter_chains: [
      { filters: [filter], ...(transport === undefined ? {} : { transport_socket: transport }) },
    ],
  };
}

function virtualHost(name: string, domains: readonly string[], route: Config): Config {
  return { name, domains, routes: [route] };
}

function tlsSocket(kind: 'DownstreamTlsContext' | 'UpstreamTlsContext', content: Config): Config {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: { ...typed(`transport_sockets.tls.v3.${kind}`), ...content },
  };
}

function address(port: number): Config {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function typed(name: string): Config {
  return { '@type': `type.googleapis.com/envoy.extensions.${name}` };
}
