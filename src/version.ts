/** The version of this package, as its package.json says. */
import { readFileSync } from 'node:fs';

/** package.json is two levels up from here when compiled (dist/src), one when not. */
const read = (): string => {
  const up = import.meta.url.endsWith('.ts') ? '..' : '../..';
  const text = readFileSync(new URL(`${up}/package.json`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
};

export const version: string = read();
