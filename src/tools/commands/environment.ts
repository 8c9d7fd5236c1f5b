/** What a command sees of the daemon's environment: what programs need, and none of its keys. */
import process from 'node:process';
import { MARK } from './sweep.ts';

const HANDED_ON: ReadonlySet<string> = new Set([
  ...['PATH', 'HOME', 'LANG', 'TERM', 'TZ', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR'],
]);

/** @param more what is set for commands by name; it may not hide a command from the sweep. */
export const commandEnvironment = (
  mark: string,
  more: Readonly<Record<string, string>> = {},
  env: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> => {
  const handedOn: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && (HANDED_ON.has(name) || name.startsWith('LC_')))
      handedOn[name] = value;
  return { ...handedOn, ...more, [MARK]: mark };
};
