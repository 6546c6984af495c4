// What of Debian's packages is left out of an image. A name that ends with a slash is a folder with all
// that is in it.

/** Of every image: what is for people, compilers and debuggers, apt and dpkg. Copyright files stay. */
const always: readonly string[] = [
  '/boot/',
  '/usr/games/',
  '/usr/include/',
  '/usr/src/',
  '/usr/share/bash-completion/',
  '/usr/share/bug/',
  '/usr/share/debconf/',
  '/usr/share/dict/',
  '/usr/share/doc-base/',
  '/usr/share/gcc/',
  '/usr/share/gdb/',
  '/usr/share/info/',
  '/usr/share/lintian/',
  '/usr/share/locale/',
  '/usr/share/man/',
  '/usr/share/menu/',
  '/usr/share/pixmaps/',
  '/etc/apt/',
  '/etc/dpkg/',
  '/etc/logcheck/',
  '/usr/share/dpkg/',
  '/var/lib/dpkg/',
  '/var/backups/',
  '/var/cache/',
  '/var/local/',
];

/** Of an image without a shell: programs, and what only they read. */
export const programs: readonly string[] = [
  '/usr/bin/',
  '/usr/sbin/',
  '/etc/ca-certificates/',
  '/etc/default/',
  '/etc/issue',
  '/etc/issue.net',
  '/etc/motd',
  '/etc/profile.d/',
  '/etc/skel/',
  '/etc/update-motd.d/',
  '/usr/share/base-files/',
  // Each certificate by itself; /etc/ssl/certs/ca-certificates.crt has them all.
  '/usr/share/ca-certificates/',
  // Character sets for iconv(3), which Node does not call.
  '/usr/lib/x86_64-linux-gnu/gconv/',
  '/usr/lib/aarch64-linux-gnu/gconv/',
  // For ld.so --audit.
  '/usr/lib/x86_64-linux-gnu/audit/',
  '/usr/lib/aarch64-linux-gnu/audit/',
];

/** Whether a path of a package goes into the image; `further` as above. */
export function isLeftOut(path: string, further: readonly string[]): boolean {
  if (/^\/usr\/share\/doc\/[^/]+\/copyright$/.test(path)) return false;
  if (/^\/usr\/share\/doc\/[^/]+\/./.test(path)) return true;
  return [...always, ...further].some((left) =>
    left.endsWith('/') ? `${path}/`.startsWith(left) : path === left,
  );
}
