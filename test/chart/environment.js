import { createRequire } from 'node:module';

// Jest brings its environments along; they are no dependency of ours.
const requireFromJest = createRequire(createRequire(import.meta.url).resolve('jest'));
const { TestEnvironment } = requireFromJest('jest-environment-node');

/**
 * Tests that need what a set-up made; its variable is the option `needs`. Without it they are counted as `todo`;
 * the set-up has said why.
 */
export default class ChartEnvironment extends TestEnvironment {
  #needs;

  constructor(config, context) {
    super(config, context);
    this.#needs = config.projectConfig.testEnvironmentOptions.needs;
  }

  handleTestEvent(event, state) {
    if (event.name !== 'run_start' || process.env[this.#needs]) return;
    for (const test of testsIn(state.rootDescribeBlock)) test.mode = 'todo';
    for (const block of blocksIn(state.rootDescribeBlock)) block.hooks = [];
  }
}

function testsIn(block) {
  return block.children.flatMap((child) => (child.type === 'test' ? [child] : testsIn(child)));
}

function blocksIn(block) {
  const below = block.children.filter((child) => child.type === 'describeBlock');
  return [block, ...below.flatMap(blocksIn)];
}
