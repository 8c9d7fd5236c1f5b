/**
 * A port of the loopback on which nothing listens just now, for servers that cannot choose one themselves. It is none
 * of those that the system gives to outgoing connections: one of them could take it before the server has it, or while
 * the server is down, and a client that tries to connect to such a port now and then reaches itself.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const LOWEST = 10_240;
/** Where outgoing connections begin if the system does not say it: Linux has the lowest of all defaults. */
const USUAL_FIRST_OUTGOING = 32_768;
const LINUX_RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
const TRIES = 100;

/** The first port that an outgoing connection may get. */
export const firstOutgoing = (): number => {
  try {
    return Number.parseInt(readFileSync(LINUX_RANGE, 'utf8'), 10);
  } catch {
    return USUAL_FIRST_OUTGOING;
  }
};

export const freePort = async (): Promise<number> => {
  const end = firstOutgoing();
  for (let tries = 0; tries < TRIES && end > LOWEST; tries += 1) {
    const port = await listenOnce(randomInt(LOWEST, end)).catch(() => undefined);
    if (port !== undefined) return port;
  }
  return listenOnce(0); // a system whose outgoing connections may have any port
};

const listenOnce = (wanted: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
