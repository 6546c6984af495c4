const project = (name, timeout) => ({
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testTimeout: timeout,
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
});

// Against the sandbox; with CONTRACT_SERVER=real the set-up starts a real control plane first.
const contract = {
  ...project('contract'),
  globalSetup: '<rootDir>/test/contract/global-setup.js',
  globalTeardown: '<rootDir>/test/contract/global-teardown.js',
};

export default {
  projects: [project('unit'), project('integration'), contract],
  testTimeout: 20_000,
};
