/**
 * A server on the loopback, with a bound for everything that a peer can make it hold: connections, bytes of headers,
 * time. It owns its socket and every connection.
 *
 * 1. A connection is for one request: none is kept, so none is left over.
 * 2. With all places taken, the oldest connection makes room for the next one: peers that say nothing keep out no other.
 * 3. `close` ends every connection at once.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Limits {
  readonly connections: number;
  readonly headerBytes: number;
  /** From the start of a request to the end of its headers, or of its body. */
  readonly headersMs: number;
  /** A connection on which nothing moves. */
  readonly silentMs: number;
  /** How often the times of headers and requests are looked at. */
  readonly lookMs: number;
}

export const LIMITS: Limits = {
  connections: 128,
  headerBytes: 8 * 1024,
  headersMs: 5_000,
  silentMs: 5_000,
  lookMs: 1_000,
};

export interface Listening {
  readonly port: number;
  readonly connections: number;
  /** Ends it and every connection. */
  close(): void;
}

export class PortTaken extends Error {}

/** Rejects with `PortTaken` if another process has the port. */
export const listen = async (
  port: number,
  handler: RequestListener,
  onError: (error: Error) => void,
  limits: Limits = LIMITS,
): Promise<Listening> => {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.headersMs,
      connectionsCheckingInterval: limits.lookMs,
      keepAlive: false,
    },
    (message, response) => {
      response.shouldKeepAlive = false; // `maxRequestsPerSocket` alone says that it closes, and does not
      handler(message, response);
    },
  );
  server.maxRequestsPerSocket = 1;
  server.timeout = limits.silentMs;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => take(socket, sockets, limits.connections));
  await bound(server, port);
  server.on('error', onError);
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return sockets.size;
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
};

const take = (socket: Socket, sockets: Set<Socket>, most: number): void => {
  const [oldest] = sockets;
  if (sockets.size >= most) oldest?.destroy();
  sockets.add(socket);
  socket.once('close', () => void sockets.delete(socket));
};

const bound = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new PortTaken(error.message) : error);
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', failed);
      resolve();
    });
  });
