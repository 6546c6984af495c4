// The accounts of an image, which no script of base-passwd makes there.
import type { Layer } from './layer.ts';

export interface Account {
  readonly name: string;
  /** Of the user and of a group of the same name. */
  readonly id: number;
  /** Absent: the account has no folder. */
  readonly home?: string;
}

const root: Account = { name: 'root', id: 0, home: '/root' };
const nobody: Account = { name: 'nobody', id: 65534 };

/** /etc/passwd, /etc/group and /etc/nsswitch.conf for root, nobody and others, and the others' folders. */
export function accountFiles(others: readonly Account[]): Layer {
  const all = [root, nobody, ...others];
  const users = all.map(
    ({ name, id, home = '/nonexistent' }) =>
      `${name}:x:${id}:${id}:${name}:${home}:/sbin/nologin\n`,
  );
  const groups = all.map(({ name, id }) => `${name}:x:${id}:\n`);
  const homes = others.flatMap(({ id, home }) =>
    home === undefined
      ? []
      : [{ path: home, mode: 0o700, uid: id, gid: id, content: { folder: true } } as const],
  );
  return [
    { path: '/etc/passwd', content: { text: users.join('') } },
    { path: '/etc/group', content: { text: groups.join('') } },
    { path: '/etc/nsswitch.conf', content: { text: nameServices } },
    ...homes,
  ];
}

/** Hosts from /etc/hosts first, as Kubernetes writes it for a pod. */
const nameServices = `passwd:         files
group:          files
shadow:         files
hosts:          files dns
networks:       files
protocols:      files
services:       files
ethers:         files
rpc:            files
`;
