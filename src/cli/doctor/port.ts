/** The port that the daemon's own broker is configured to have, while no daemon runs: a start would be refused it. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { isAlive, readTrace } from '../../nats/leftover.ts';
import { type Check, fail } from './check.ts';

export const checkPort = async ({
  natsUrl,
  natsPort,
  dataDir,
}: Config): Promise<readonly Check[]> => {
  const isOurs = natsUrl === undefined && natsPort !== undefined && natsPort !== 0;
  if (!isOurs || hasLeftover(dataDir) || !(await isTaken(natsPort))) return [];
  const finding = `port ${natsPort} is taken by another program`;
  return [
    fail('port', finding, 'set GREENROOM_NATS_PORT to another one, or to 0 for any free one'),
  ];
};

/** A broker of ours that outlived its daemon: the start ends it. */
const hasLeftover = (dataDir: string): boolean => {
  const trace = readTrace(join(dataDir, 'nats'));
  return trace !== undefined && isAlive(trace);
};

const isTaken = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EADDRINUSE'));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)));
  });
