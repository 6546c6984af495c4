import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { debianLayer } from '../../../scripts/image/debian-base.ts';
import {
  writeImageArchive,
  type ImageConfig,
  type ImageFile,
  type Layer,
} from '../../../scripts/image/oci-image.ts';
import { cacheRoot, type Log } from '../../e2e/stack/tool-cache.ts';
import { pauseImage } from '../node/container-runtime.ts';
import { certManagerVersion, istioVersion, type NodeTools } from '../tools/node-tools.ts';

const lock = join(import.meta.dirname, 'debian.lock.json');
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** Where Istio's charts are told to look, and what they find there. */
export const istioImages = { hub: 'docker.io/istio', tag: istioVersion.split('-').at(-1) ?? '' };

/** For containers that call istio-ra by themselves: grpcurl and openssl. */
export const callerImage = 'istio-ra-test/caller:1';

interface ClusterImage {
  readonly reference: string;
  /** Files of Debian below those of the image. */
  readonly onDebian?: boolean;
  readonly files: readonly ImageFile[];
  readonly config: ImageConfig;
}

/**
 * Makes an image for each thing that runs as a pod of the test node, under the name by which its chart or
 * sample asks for it; returns the archives. None is fetched from a registry. An archive is kept until what
 * it is made of changes.
 */
export async function makeClusterImages(tools: NodeTools, log: Log): Promise<readonly string[]> {
  const folder = join(cacheRoot(), 'images');
  mkdirSync(folder, { recursive: true });
  const archives: string[] = [];
  for (const image of clusterImages(tools)) {
    const archive = join(folder, `${fingerprint(image)}.tar`);
    if (!existsSync(archive)) {
      log(`image ${image.reference}`);
      const layers: Layer[] = image.onDebian
        ? [await debianLayer({ lock, architecture, log })]
        : [];
      const { reference, config } = image;
      layers.push(image.files);
      await writeImageArchive(archive, { reference, architecture, layers, config, created: 0 });
    }
    archives.push(archive);
  }
  return archives;
}

function clusterImages(tools: NodeTools): readonly ClusterImage[] {
  return [
    only('pause', pauseImage, tools.pause, { user: '65535:65535' }),
    only('go-httpbin', sampleImage(tools, 'httpbin'), tools.httpbin, { user: '65532:65532' }),
    {
      reference: sampleImage(tools, 'sleep'),
      onDebian: true,
      files: [...accounts, ...alternatives],
      config: { user: '65532:65532', command: ['/bin/sh'] },
    },
    {
      reference: callerImage,
      onDebian: true,
      files: [...accounts, ...alternatives, program('grpcurl', tools.grpcurl)],
      config: { user: '65532:65532', env: [path], command: ['/bin/sh'] },
    },
    ...['controller', 'webhook', 'cainjector'].map((part) =>
      only(
        'cert-manager',
        `quay.io/jetstack/cert-manager-${part}:${certManagerVersion}`,
        tools.certManager,
        {
          user: '1000:1000',
          entrypoint: ['/usr/local/bin/cert-manager', part],
        },
      ),
    ),
    only('pilot-discovery', `${istioImages.hub}/pilot:${istioImages.tag}`, tools.pilotDiscovery, {
      user: '1337:1337',
    }),
    proxyImage(tools),
  ];
}

/** The sidecar: istio-agent, Envoy and what sets up the redirection of traffic. */
function proxyImage(tools: NodeTools): ClusterImage {
  const template = join(tools.istioSource, 'tools/packaging/common/envoy_bootstrap.json');
  return {
    reference: `${istioImages.hub}/proxyv2:${istioImages.tag}`,
    onDebian: true,
    files: [
      ...accounts,
      ...alternatives,
      program('pilot-agent', tools.pilotAgent),
      program('envoy', tools.envoy),
      {
        path: '/var/lib/istio/envoy/envoy_bootstrap_tmpl.json',
        mode: 0o644,
        content: { text: withoutOwnExtension(readFileSync(template, 'utf8')) },
      },
    ],
    config: {
      env: [path],
      entrypoint: ['/usr/local/bin/pilot-agent'],
    },
  };
}

/** A waypoint starts Envoy with an extension that only Istio's own build has; the public Envoy would end at once. */
function withoutOwnExtension(template: string): string {
  const block =
    /\{\{- if \.metadata_discovery \}\}\s*\{\s*"name": "metadata_discovery".*?\{\{- end \}\}\s*/s;
  if (!block.test(template))
    throw new Error("Istio's bootstrap has no metadata_discovery any more");
  return template.replace(block, '');
}

/** An image with one program that needs nothing else. */
function only(name: string, reference: string, file: string, config: ImageConfig): ClusterImage {
  const tmp: ImageFile = { path: '/tmp', mode: 0o1777, content: { folder: true } };
  const entrypoint = [`/usr/local/bin/${name}`];
  return {
    reference,
    files: [tmp, ...accounts, program(name, file)],
    config: { entrypoint, ...config },
  };
}

function program(name: string, file: string): ImageFile {
  return { path: `/usr/local/bin/${name}`, mode: 0o755, content: { file } };
}

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Links that the scripts of Debian's packages would make. */
const alternatives: readonly ImageFile[] = [
  { path: '/usr/bin/sh', content: { link: 'bash' } },
  ...['iptables', 'ip6tables'].flatMap((name) =>
    ['', '-save', '-restore'].map((suffix): ImageFile => ({
      path: `/usr/sbin/${name}${suffix}`,
      content: { link: 'xtables-nft-multi' },
    })),
  ),
];

const accounts: readonly ImageFile[] = [
  text('/etc/passwd', [
    'root:x:0:0:root:/root:/sbin/nologin',
    'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin',
    'istio-proxy:x:1337:1337:istio-proxy:/home/istio-proxy:/sbin/nologin',
  ]),
  text('/etc/group', ['root:x:0:', 'nonroot:x:65532:', 'istio-proxy:x:1337:']),
];

function text(path: string, lines: readonly string[]): ImageFile {
  return { path, mode: 0o644, content: { text: `${lines.join('\n')}\n` } };
}

/** The image that a sample of Istio's asks for. */
function sampleImage({ istioSource }: NodeTools, sample: string): string {
  const manifest = readFileSync(join(istioSource, 'samples', sample, `${sample}.yaml`), 'utf8');
  const reference = /^\s*(?:- )?image: (\S+)$/m.exec(manifest)?.[1];
  if (reference === undefined) throw new Error(`the sample ${sample} names no image`);
  return reference;
}

/** Tools are kept in folders that are named after their sources, so their paths tell their contents. */
function fingerprint(image: ClusterImage): string {
  const debian = image.onDebian ? readFileSync(lock, 'utf8') : '';
  const hash = createHash('sha256').update(JSON.stringify(image)).update(debian).digest('hex');
  const name = image.reference.replaceAll(/[^\w.-]+/g, '-');
  return `${name}-${hash.slice(0, 16)}`;
}
