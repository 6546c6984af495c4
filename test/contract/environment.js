import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// Jest brings its environments along; they are no dependency of ours.
const requireFromJest = createRequire(createRequire(import.meta.url).resolve('jest'));
const { TestEnvironment } = requireFromJest('jest-environment-node');

const path = new URL('known-differences.json', import.meta.url);
const known = new Set(JSON.parse(readFileSync(path, 'utf8')));

const hasTrustBundles = () => process.env.CONTRACT_TRUST_BUNDLES === '1';
/** What some tests need of a real server, and whether it is there. The sandbox is the newest server. */
const needs = [
  { marker: '[needs the store]', real: () => Boolean(process.env.CONTRACT_ETCD), sandbox: true },
  {
    marker: '[needs the token key]',
    real: () => Boolean(process.env.CONTRACT_TOKEN_KEY),
    sandbox: true,
  },
  { marker: '[needs ClusterTrustBundles]', real: hasTrustBundles, sandbox: true },
  { marker: '[needs no ClusterTrustBundles]', real: () => !hasTrustBundles(), sandbox: false },
];

/**
 * Against the sandbox the tests that known-differences.json names must fail: each is a rule that the
 * sandbox does not have yet, and one that it has by now must leave the list. Against a real API
 * server every test must pass. One that needs what the server does not give is counted as `todo`.
 */
export default class ContractEnvironment extends TestEnvironment {
  handleTestEvent(event, state) {
    if (event.name !== 'run_start') return;
    const isReal = Boolean(process.env.CONTRACT_KUBECONFIG);
    for (const test of testsIn(state.rootDescribeBlock)) {
      if (isOutOfReach(fullNameOf(test), isReal)) test.mode = 'todo';
      else if (!isReal) test.failing = known.has(fullNameOf(test));
    }
  }
}

function isOutOfReach(fullName, isReal) {
  return needs.some(
    ({ marker, real, sandbox }) => fullName.includes(marker) && !(isReal ? real() : sandbox),
  );
}

function testsIn(block) {
  return block.children.flatMap((child) => (child.type === 'test' ? [child] : testsIn(child)));
}

function fullNameOf({ name, parent }) {
  return parent.name === 'ROOT_DESCRIBE_BLOCK' ? name : `${fullNameOf(parent)} › ${name}`;
}
