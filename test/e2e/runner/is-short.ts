/** Whether what other parts of CI show as well may be left out: E2E=short. */
export const isShort = process.env['E2E'] === 'short';
