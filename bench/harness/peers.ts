/**
 * The libraries that we are compared with. They are no dependency of the product: `bench/peers` is a package of its
 * own, which a bench installs when it is missing.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../bench/peers/', import.meta.url));

/** A sentence when they cannot be had: no network, no registry. */
export const installPeers = (name: string): string | undefined => {
  if (existsSync(`${FOLDER}node_modules/${name}`)) return undefined;
  try {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: FOLDER, stdio: 'ignore' });
    return undefined;
  } catch {
    return 'npm could not install the packages of bench/peers';
  }
};

export const versionOfPeer = (name: string): string =>
  (
    JSON.parse(readFileSync(`${FOLDER}node_modules/${name}/package.json`, 'utf8')) as {
      version: string;
    }
  ).version;

export const requirePeer: (name: string) => unknown = createRequire(`${FOLDER}package.json`);
