import { project } from './jest.config.js';

/** Tests that are only counted where a set-up did not make what they need. */
const needing = (needs, setUp) => ({
  testEnvironment: '<rootDir>/test/chart/environment.js',
  testEnvironmentOptions: { needs },
  globalSetup: `<rootDir>/test/chart/${setUp}.js`,
});

// What we ship: the chart as helm renders it, the files of the image, and the packages that it is made of.
export default {
  maxWorkers: '100%',
  projects: [
    { ...project('chart/helm'), ...needing('CHART_HELM', 'find-helm') },
    {
      ...project('chart/image'),
      ...needing('CHART_IMAGE', 'build-image'),
      globalTeardown: '<rootDir>/test/chart/remove-image.js',
    },
    { ...project('chart/packages'), ...needing('CHART_APT', 'find-apt') },
  ],
  testTimeout: 60_000,
};
