// Puts docs/signer-policy.schema.json into the chart's schema, so that helm refuses a bad policy before
// istio-ra does. With --check it only says whether it is up to date, by its status.
import { readFile, writeFile } from 'node:fs/promises';

const file = new URL('../charts/istio-ra/values.schema.json', import.meta.url);
const policyFile = new URL('../docs/signer-policy.schema.json', import.meta.url);

const before = JSON.parse(await readFile(file, 'utf8'));
const signerPolicy = JSON.parse(await readFile(policyFile, 'utf8'));
// The whole has one dialect, and it says so at its top.
delete signerPolicy.$schema;
const after = { ...before, definitions: { ...before.definitions, signerPolicy } };
if (!process.argv.includes('--check')) {
  const { format, resolveConfig } = await import('prettier');
  const options = { ...(await resolveConfig(file)), parser: 'json' };
  await writeFile(file, await format(JSON.stringify(after), options));
} else if (JSON.stringify(after) !== JSON.stringify(before)) {
  console.error('the chart has another schema of signer policies: run make chart-docs');
  process.exit(1);
}
