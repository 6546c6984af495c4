import { describe, expect, it } from '@jest/globals';
import { readMemoryLimit } from '../../../src/base/memory-limit.ts';

const mebibyte = 1024 * 1024;
const machineBytes = 8 * 1024 * mebibyte;
const limit = 512 * mebibyte;
/** LONG_MAX, down to a whole page: what version 1 has where nobody set a limit. */
const huge = '9223372036854771712\n';

/** Text files by their paths; there are no others. */
type Files = Readonly<Record<string, string>>;

/** Lines of /proc/self/mountinfo of one hierarchy. */
const mountOfV1 = (root: string, point = '/sys/fs/cgroup/memory'): string =>
  `35 31 0:32 ${root} ${point} ro,nosuid,nodev shared:17 master:12 - cgroup cgroup rw,memory\n`;
const mountOfV2 = (root: string, point = '/sys/fs/cgroup'): string =>
  `41 31 0:29 ${root} ${point} ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n`;
const otherMounts =
  '23 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n' +
  '33 31 0:30 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n';

function read(files: Files, machine = machineBytes): ReturnType<typeof readMemoryLimit> {
  return readMemoryLimit((path) => (Object.hasOwn(files, path) ? files[path] : undefined), machine);
}

describe('version 2', () => {
  const inNamespace = {
    '/proc/self/cgroup': '0::/\n',
    '/proc/self/mountinfo': otherMounts + mountOfV2('/'),
  };
  const nested = {
    '/proc/self/cgroup': '0::/kubepods.slice/pod1.slice/ra.scope\n',
    '/proc/self/mountinfo': mountOfV2('/'),
  };
  const kubepods = '/sys/fs/cgroup/kubepods.slice';

  it('has the limit at the mount where the container has a namespace of its own', () => {
    const files = {
      '/sys/fs/cgroup/memory.max': `${limit}\n`,
      '/sys/fs/cgroup/memory.high': 'max\n',
    };
    expect(read({ ...inNamespace, ...files })).toEqual({ bytes: limit, source: 'cgroup v2' });
  });

  it('counts the limit of a group above, where our own has none', () => {
    const files = {
      [`${kubepods}/memory.max`]: `${4 * limit}\n`,
      [`${kubepods}/pod1.slice/memory.max`]: `${limit}\n`,
      [`${kubepods}/pod1.slice/ra.scope/memory.max`]: 'max\n',
    };
    expect(read({ ...nested, ...files })).toEqual({ bytes: limit, source: 'cgroup v2' });
  });

  it('counts the limit of a group above, where the controller is not on for our own', () => {
    const files = { [`${kubepods}/memory.max`]: `${limit}\n` };
    expect(read({ ...nested, ...files }).bytes).toBe(limit);
  });

  it('has no limit where each says max', () => {
    const files = {
      [`${kubepods}/memory.max`]: 'max\n',
      [`${kubepods}/pod1.slice/ra.scope/memory.max`]: 'max\n',
      [`${kubepods}/pod1.slice/ra.scope/memory.high`]: 'max\n',
    };
    expect(read({ ...nested, ...files })).toEqual({ bytes: undefined, source: 'cgroup v2' });
  });

  it('counts what the kernel slows down for, where that is less', () => {
    const files = {
      '/sys/fs/cgroup/memory.max': `${limit}\n`,
      '/sys/fs/cgroup/memory.high': `${limit / 2}\n`,
    };
    expect(read({ ...inNamespace, ...files }).bytes).toBe(limit / 2);
  });

  it('is seen through a bind mount of our group alone', () => {
    const files = {
      '/proc/self/cgroup': '0::/system.slice/docker-1.scope\n',
      '/proc/self/mountinfo': mountOfV2('/system.slice/docker-1.scope'),
      '/sys/fs/cgroup/memory.max': `${limit}\n`,
    };
    expect(read(files).bytes).toBe(limit);
  });

  it('does not count the groups of others, whose mount is there too', () => {
    const files = {
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': mountOfV2('/../..', '/host/cgroup') + mountOfV2('/'),
      '/host/cgroup/memory.max': `${mebibyte}\n`,
      '/sys/fs/cgroup/memory.max': `${limit}\n`,
    };
    expect(read(files).bytes).toBe(limit);
  });

  it('looks at the top of the mount where our group is outside of the namespace', () => {
    const files = {
      '/proc/self/cgroup': '0::/../other\n',
      '/proc/self/mountinfo': mountOfV2('/'),
      '/sys/fs/cgroup/memory.max': `${limit}\n`,
      '/sys/fs/other/memory.max': `${mebibyte}\n`,
    };
    expect(read(files).bytes).toBe(limit);
  });
});

describe('version 1', () => {
  const memberships = (path: string): string =>
    `9:name=systemd:${path}\n5:devices:${path}\n4:memory:${path}\n2:cpu,cpuacct:/\n0::/\n`;
  const group = '/sys/fs/cgroup/memory';

  it('has the limit at the mount, whatever the host calls the group of the container', () => {
    const files = {
      '/proc/self/cgroup': memberships('/kubepods/burstable/pod1/ra'),
      '/proc/self/mountinfo': otherMounts + mountOfV1('/kubepods/burstable/pod1/ra'),
      [`${group}/memory.limit_in_bytes`]: `${limit}\n`,
    };
    expect(read(files)).toEqual({ bytes: limit, source: 'cgroup v1' });
  });

  it('has the limit below the mount where all groups of the host are visible', () => {
    const files = {
      '/proc/self/cgroup': memberships('/docker/1'),
      '/proc/self/mountinfo': otherMounts + mountOfV1('/'),
      [`${group}/memory.limit_in_bytes`]: huge,
      [`${group}/docker/1/memory.limit_in_bytes`]: `${limit}\n`,
    };
    expect(read(files)).toEqual({ bytes: limit, source: 'cgroup v1' });
  });

  it('has it at the mount where that shows another path than ours', () => {
    const files = {
      '/proc/self/cgroup': memberships('/docker/1'),
      '/proc/self/mountinfo': mountOfV1('/elsewhere'),
      [`${group}/memory.limit_in_bytes`]: `${limit}\n`,
    };
    expect(read(files).bytes).toBe(limit);
  });

  it('counts the limit of a group above, also of one that is out of sight', () => {
    const files = {
      '/proc/self/cgroup': memberships('/'),
      '/proc/self/mountinfo': mountOfV1('/'),
      [`${group}/memory.limit_in_bytes`]: huge,
      [`${group}/memory.stat`]: `cache 0\nhierarchical_memory_limit ${limit}\nhierarchical_memsw_limit 7\n`,
    };
    expect(read(files).bytes).toBe(limit);
  });

  it('does not count a group above that leaves ours alone, as old kernels may', () => {
    const files = {
      '/proc/self/cgroup': memberships('/above/ours'),
      '/proc/self/mountinfo': mountOfV1('/'),
      [`${group}/above/memory.limit_in_bytes`]: `${mebibyte}\n`,
      [`${group}/above/ours/memory.limit_in_bytes`]: `${limit}\n`,
      [`${group}/above/ours/memory.stat`]: `hierarchical_memory_limit ${limit}\n`,
    };
    expect(read(files).bytes).toBe(limit);
  });

  it.each([huge, '9223372036854710272\n', '18446744073709551615\n'])(
    'has no limit where it says %j',
    (text) => {
      const files = {
        '/proc/self/cgroup': memberships('/'),
        '/proc/self/mountinfo': mountOfV1('/'),
        [`${group}/memory.limit_in_bytes`]: text,
        [`${group}/memory.stat`]: `hierarchical_memory_limit ${text}`,
      };
      expect(read(files)).toEqual({ bytes: undefined, source: 'cgroup v1' });
      expect(read(files, 0)).toEqual({ bytes: undefined, source: 'cgroup v1' });
    },
  );

  it('does not take a reservation for a limit', () => {
    const files = {
      '/proc/self/cgroup': memberships('/'),
      '/proc/self/mountinfo': mountOfV1('/'),
      [`${group}/memory.limit_in_bytes`]: `${limit}\n`,
      [`${group}/memory.soft_limit_in_bytes`]: `${mebibyte}\n`,
    };
    expect(read(files).bytes).toBe(limit);
  });

  it('has its mount somewhere else, with a blank in the path', () => {
    const files = {
      '/proc/self/cgroup': memberships('/a b'),
      '/proc/self/mountinfo': mountOfV1('/', '/cgroups\\040of\\134v1'),
      '/cgroups of\\v1/a b/memory.limit_in_bytes': `${limit}\n`,
    };
    expect(read(files).bytes).toBe(limit);
  });
});

describe('both versions beside each other', () => {
  const unified = mountOfV2('/', '/sys/fs/cgroup/unified');

  it('version 1 counts where it has the memory controller', () => {
    const files = {
      '/proc/self/cgroup': '4:memory:/ra\n1:cpu:/\n0::/ra\n',
      '/proc/self/mountinfo': unified + mountOfV1('/'),
      '/sys/fs/cgroup/memory/ra/memory.limit_in_bytes': `${limit}\n`,
    };
    expect(read(files)).toEqual({ bytes: limit, source: 'cgroup v1' });
  });

  it('version 2 counts where it has the memory controller', () => {
    const files = {
      '/proc/self/cgroup': '1:cpu:/\n0::/ra\n',
      '/proc/self/mountinfo': otherMounts + unified,
      '/sys/fs/cgroup/unified/ra/memory.max': `${limit}\n`,
    };
    expect(read(files)).toEqual({ bytes: limit, source: 'cgroup v2' });
  });
});

describe('a limit that is none', () => {
  const withMax = (text: string): Files => ({
    '/proc/self/cgroup': '0::/\n',
    '/proc/self/mountinfo': mountOfV2('/'),
    '/sys/fs/cgroup/memory.max': text,
  });

  it.each([machineBytes, machineBytes + 1])(
    'is one of %d bytes, of which the machine has no more',
    (bytes) => {
      expect(read(withMax(`${bytes}\n`))).toEqual({ bytes: undefined, source: 'cgroup v2' });
    },
  );

  it.each([
    ['0, with which nothing could run', '0\n'],
    ['below 0', '-1\n'],
    ['in the words of Kubernetes', '512Mi\n'],
    ['empty', ''],
    ['endless', '1'.repeat(1_000_000)],
    ['in scientific notation', '1e9\n'],
  ])('is one that is %s', (_what, text) => {
    expect(read(withMax(text))).toEqual({ bytes: undefined, source: 'none' });
  });

  it.each([
    ['nothing can be read', {}],
    ['the mounts cannot be read', { '/proc/self/cgroup': '0::/\n' }],
    [
      'nothing that is mounted holds limits',
      { '/proc/self/cgroup': '4:memory:/\n0::/\n', '/proc/self/mountinfo': otherMounts },
    ],
    [
      'what can be read is garbage',
      { '/proc/self/cgroup': '\0::::\n:\n4:', '/proc/self/mountinfo': ' - \n - cgroup2\n1 2 - \n' },
    ],
  ])('is what there is where %s', (_what, files) => {
    expect(read(files)).toEqual({ bytes: undefined, source: 'none' });
  });

  it('is not the answer where only the memberships cannot be read', () => {
    const files = {
      '/proc/self/mountinfo': mountOfV2('/'),
      '/sys/fs/cgroup/memory.max': `${limit}\n`,
    };
    expect(read(files)).toEqual({ bytes: limit, source: 'cgroup v2' });
  });
});
