import { project } from './jest.config.js';

// Needs a Chromium: apt-get install chromium, or CHROMIUM=<path>.
export default { ...project('browser'), maxWorkers: 1, testTimeout: 60_000 };
