/** The ports that the daemon is configured to have, while no daemon runs: a start would be refused those that are taken. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { isAlive, readTrace } from '../../nats/leftover.ts';
import { type Check, fail } from './check.ts';

export const checkPorts = async (config: Config): Promise<readonly Check[]> => [
  ...(await checkBrokerPort(config)),
  ...(await checkHttpPort(config)),
];

const checkBrokerPort = async ({
  natsUrl,
  natsPort,
  dataDir,
}: Config): Promise<readonly Check[]> => {
  const isOurs = natsUrl === undefined && natsPort !== undefined && natsPort !== 0;
  if (!isOurs || hasLeftover(dataDir) || !(await isTaken(natsPort))) return [];
  return [taken(natsPort, 'set GREENROOM_NATS_PORT to another one, or to 0 for any free one')];
};

const checkHttpPort = async ({ httpPort }: Config): Promise<readonly Check[]> => {
  const isNamed = httpPort !== undefined && httpPort !== 'off' && httpPort !== 0;
  if (!isNamed || !(await isTaken(httpPort))) return [];
  const next = 'set GREENROOM_HTTP_PORT to another one, to 0 for any free one, or to off';
  return [taken(httpPort, next)];
};

const taken = (port: number, next: string): Check =>
  fail('port', `port ${port} is taken by another program`, next);

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
