export const project = (name) => ({
  displayName: name,
  // Neither .cache nor node_modules, where files change while tests run.
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/scripts'],
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
});

export default {
  // One less than the cores is jest's default, and half of two.
  maxWorkers: '100%',
  projects: [project('unit'), project('integration')],
  testTimeout: 20_000,
};
