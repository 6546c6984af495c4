import { findChromium } from './chromium.ts';

const how = 'install chromium, or name one in CHROMIUM';

/** The path of the browser; undefined, and said aloud, where there is none. In CI it throws instead. */
export function neededChromium(): string | undefined {
  const found = findChromium();
  if (found === undefined && process.env['CI'] === 'true') {
    throw new Error(`there is no Chromium: ${how}`);
  }
  if (found === undefined) console.warn(`NOT TESTED: there is no Chromium; ${how}`);
  return found;
}
