/** What can be checked without a daemon: Node, disk, broker program, key, prices, settings. */
import { existsSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, LoadedConfig } from '../../config/config.ts';
import { dataFolderFault } from '../../config/data-folder.ts';
import { findNatsServer } from '../../config/find-program.ts';
import { nearest } from '../../config/folder-fault.ts';
import { codeOf } from '../../model/errors.ts';
import { promiseOf, versionOf } from '../../nats/server-program.ts';
import type { PriceTable } from '../../pricing/price-row.ts';
import { PRICE_TABLE } from '../../pricing/price-table.ts';
import { bytes } from '../format.ts';
import type { Shell } from '../shell.ts';
import { type Check, fail, ok, warn } from './check.ts';

const OLDEST_NODE = [20, 19] as const;

export const checkNode = (version: string): Check => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = OLDEST_NODE;
  return major > leastMajor || (major === leastMajor && minor >= leastMinor)
    ? ok('node', version)
    : fail('node', version, `install Node ${OLDEST_NODE.join('.')} or newer`);
};

const OTHERS = 0o077;

export const checkDataDir = ({ dataDir }: Config): Check => {
  const fault = dataFolderFault(dataDir);
  if (fault !== undefined)
    return fail('data directory', fault, 'name another one with --data or GREENROOM_DATA_DIR');
  if (nearest(dataDir) !== dataDir)
    return ok('data directory', `${dataDir}: made at the first start`);
  const { mode } = statSync(dataDir);
  return (mode & OTHERS) === 0
    ? ok('data directory', dataDir)
    : warn(
        'data directory',
        `${dataDir} is open to other users (mode ${(mode & 0o777).toString(8)})`,
        `chmod 700 ${dataDir}`,
      );
};

const MB = 1024 * 1024;

export const checkFreeSpace = ({ dataDir, minFreeMb }: Config): Check => {
  const there = nearest(dataDir);
  if (!existsSync(there)) return warn('free space', `unknown: ${there} leads nowhere`, 'see above');
  const { bavail, bsize } = statfsSync(there);
  const free = bavail * bsize;
  const finding = `${bytes(free)} free; work is refused below ${minFreeMb} MB`;
  return free >= minFreeMb * MB
    ? ok('free space', finding)
    : fail('free space', finding, 'free some space, or lower GREENROOM_MIN_FREE_MB');
};

export const checkBroker = async (config: Config, shell: Shell): Promise<Check> => {
  const { natsUrl, natsServerBin } = config;
  if (natsUrl !== undefined) return checkOutsideBroker(natsUrl, config, shell);
  const program = findNatsServer(natsServerBin);
  if (program === undefined)
    return fail(
      'broker',
      'no nats-server was found',
      'install it (Debian: apt-get install nats-server; macOS: brew install nats-server), or set NATS_URL',
    );
  try {
    const finding = promiseOf(await versionOf(program), true);
    return ok('broker', `${program}: ${finding}`);
  } catch (error) {
    return fail('broker', (error as Error).message, 'name a working one in NATS_SERVER_BIN');
  }
};

/** It connects and asks, as the start does. */
const checkOutsideBroker = async (
  url: string,
  { natsCreds: creds, prefix, queueMb, refusedMb, dataDir }: Config,
  { examineBroker }: Shell,
): Promise<Check> => {
  const sizes = { queueBytes: queueMb * MB, refusedBytes: refusedMb * MB };
  try {
    const place = { url, creds, prefix, sizes };
    return ok('broker', await examineBroker(place, join(dataDir, 'store')));
  } catch (error) {
    const advice =
      codeOf(error) === 'broker_in_use'
        ? 'correct NATS_URL or GREENROOM_PREFIX, or name the data directory that belongs to this broker'
        : 'mend the broker, or correct NATS_URL and NATS_CREDS';
    return fail('broker', (error as Error).message, advice);
  }
};

const OLD_DAYS = 180;
const DAY_MS = 86_400_000;

export const checkPrices = (nowMs: number, table: PriceTable = PRICE_TABLE): Check => {
  const days = table.map((row) => row.validFrom).filter((day) => Date.parse(day) <= nowMs);
  const newest = days.toSorted().at(-1) ?? 'none';
  const finding = `${new Set(table.map((row) => row.model)).size} models, newest price of ${newest}`;
  return nowMs - Date.parse(newest) <= OLD_DAYS * DAY_MS
    ? ok('prices', finding)
    : warn('prices', finding, 'update Greenroom: models that came since have no price');
};

export const checkSettings = ({ unknown }: LoadedConfig): readonly Check[] =>
  unknown.length === 0
    ? []
    : [warn('settings', `${unknown.join(', ')} mean nothing here`, 'correct the spelling')];
