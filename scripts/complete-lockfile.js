// Adds to package-lock.json the platform packages that the registry in use does not carry. npm leaves
// such a package out of the lockfile when it cannot be had while locking, and then `npm ci` refuses
// the lockfile everywhere. Run it after `npm install` has changed the lockfile; it changes nothing else.
import { readFile, writeFile } from 'node:fs/promises';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(await readFile(path, 'utf8'));
const { packages } = lock;

const systems = ['darwin', 'linux', 'win32', 'android', 'freebsd', 'openharmony', 'sunos', 'aix'];
const processors = [
  'arm64',
  'arm',
  'x64',
  'ia32',
  'ppc64',
  's390x',
  'riscv64',
  'loong64',
  'wasm32',
];

/** What a platform package's name says it is for, in npm's own words. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((processor) => words.includes(processor));
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : undefined;
  return { ...(os.length > 0 && { os }), ...(cpu.length > 0 && { cpu }), ...(libc && { libc }) };
}

const added = [];
for (const [folder, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const places = [`${folder}/node_modules/${name}`, `node_modules/${name}`];
    if (places.some((place) => place in packages)) continue;
    const platform = platformOf(name);
    if (!/^\d/.test(version) || platform.os === undefined || platform.cpu === undefined) continue;
    packages[`node_modules/${name}`] = {
      version,
      ...platform,
      ...(dev && { dev }),
      optional: true,
    };
    added.push(name);
  }
}
const sorted = Object.keys(packages).sort((a, b) => a.localeCompare(b, 'en'));
lock.packages = Object.fromEntries(sorted.map((place) => [place, packages[place]]));
await writeFile(path, `${JSON.stringify(lock, undefined, 2)}\n`);
console.log(`${added.length} platform packages added to package-lock.json`);
