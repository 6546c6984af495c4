// The tests of pinned packages ask apt, so they need Debian and a network.
export default async function findApt() {
  const { aptOrReason } = await import('./support/built-image.ts');
  const found = await aptOrReason();
  if (found === undefined) process.env.CHART_APT = 'yes';
  else process.stderr.write(`\nPINNED PACKAGES ARE NOT TESTED: ${found.reason}\n\n`);
}
