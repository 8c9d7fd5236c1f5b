/** What a command sees of the daemon's environment: what programs need, and none of its keys. */
import process from 'node:process';

const HANDED_ON: ReadonlySet<string> = new Set([
  ...['PATH', 'HOME', 'LANG', 'TERM', 'TZ', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR'],
]);

/** @param marks what a command is found by, whatever `more` says. @param more what is set for commands by name. */
export const commandEnvironment = (
  marks: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>> = {},
  env: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> => {
  const handedOn: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && (HANDED_ON.has(name) || name.startsWith('LC_')))
      handedOn[name] = value;
  return { ...handedOn, ...more, ...marks };
};
