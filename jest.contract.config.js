import { project } from './jest.config.js';

// What we expect of a Kubernetes API, held against the sandbox; with CONTRACT_SERVER=real the set-up
// starts a real control plane first.
export default {
  ...project('contract'),
  testTimeout: 20_000,
  testEnvironment: '<rootDir>/test/contract/environment.js',
  globalSetup: '<rootDir>/test/contract/global-setup.js',
  globalTeardown: '<rootDir>/test/contract/global-teardown.js',
};
