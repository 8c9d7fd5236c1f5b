/** Finds programs that we bring along as children: on PATH, then where packages put daemons. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian puts daemons into /usr/sbin, which is not on every user's PATH; then Homebrew, MacPorts. */
const USUAL_PLACES = [
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/local/sbin',
  '/opt/homebrew/bin',
  '/home/linuxbrew/.linuxbrew/bin',
  '/opt/local/bin',
];

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

const pathOf = ({ PATH }: NodeJS.ProcessEnv): string | undefined => PATH;

/** The full path of a program, or undefined. */
export const findProgram = (
  name: string,
  path: string | undefined = pathOf(process.env),
): string | undefined =>
  [...(path ?? '').split(delimiter).filter((folder) => folder !== ''), ...USUAL_PLACES]
    .map((folder) => join(folder, name))
    .find(isProgram);

/** The nats-server to run: the configured one, which is taken at its word, else what is found. */
export const findNatsServer = (configured: string | undefined, path?: string): string | undefined =>
  configured ?? findProgram('nats-server', path);
