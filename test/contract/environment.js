import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// Jest brings its environments along; they are no dependency of ours.
const requireFromJest = createRequire(createRequire(import.meta.url).resolve('jest'));
const { TestEnvironment } = requireFromJest('jest-environment-node');

const path = new URL('known-differences.json', import.meta.url);
const known = new Set(JSON.parse(readFileSync(path, 'utf8')));

/** What some tests need beside a server, and the variable that brings it. */
const needs = new Map([
  ['[needs the store]', 'CONTRACT_ETCD'],
  ['[needs the token key]', 'CONTRACT_TOKEN_KEY'],
]);

/**
 * Against the sandbox the tests that known-differences.json names must fail: each is a rule that the
 * sandbox does not have yet, and one that it has by now must leave the list. Against a real API
 * server every test must pass; one that needs what a foreign server does not give is counted as
 * `todo`.
 */
export default class ContractEnvironment extends TestEnvironment {
  handleTestEvent(event, state) {
    if (event.name !== 'run_start') return;
    const isReal = Boolean(process.env.CONTRACT_KUBECONFIG);
    for (const test of testsIn(state.rootDescribeBlock)) {
      if (!isReal) test.failing = known.has(fullNameOf(test));
      else if (isOutOfReach(test)) test.mode = 'todo';
    }
  }
}

function isOutOfReach({ name }) {
  return [...needs].some(([need, variable]) => name.includes(need) && !process.env[variable]);
}

function testsIn(block) {
  return block.children.flatMap((child) => (child.type === 'test' ? [child] : testsIn(child)));
}

function fullNameOf({ name, parent }) {
  return parent.name === 'ROOT_DESCRIBE_BLOCK' ? name : `${fullNameOf(parent)} › ${name}`;
}
