// Jest loads these two files itself, without our transform; Node strips the types of the rest.
export default async function findHelm() {
  const { helmOrReason } = await import('./support/find-helm.ts');
  const found = await helmOrReason((line) => process.stderr.write(`${line}\n`));
  if ('helm' in found) process.env.CHART_HELM = found.helm;
  else process.stderr.write(`\nTHE CHART IS NOT TESTED: ${found.reason}\n\n`);
}
