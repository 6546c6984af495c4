import { project } from './jest.config.js';

// What we ship: the chart as helm renders it, and the files of the image.
export default {
  maxWorkers: '100%',
  projects: [
    {
      ...project('chart/helm'),
      testEnvironment: '<rootDir>/test/chart/environment.js',
      globalSetup: '<rootDir>/test/chart/global-setup.js',
    },
    project('chart/image'),
  ],
  testTimeout: 60_000,
};
