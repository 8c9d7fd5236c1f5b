/**
 * A listening server with a bound for everything that a peer can make it hold: connections, bytes of headers, time. It
 * owns its socket and every connection.
 *
 * 1. Connections that have shown nothing yet have places of their own, and few: with these taken, the oldest of them makes
 *    room for the next one. So peers that say nothing keep out no other.
 * 2. With all places taken, the oldest that has no request under way makes room; else the new one is ended.
 * 3. `close` ends every connection at once.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { hasBody, SILENT_MS, wantsToStay } from './wire/exchange.ts';

export interface Limits {
  readonly connections: number;
  /** Of those, connections on which no request was let in yet. */
  readonly newConnections: number;
  readonly headerBytes: number;
  /** From the start of a request to the end of its headers. */
  readonly headersMs: number;
  /** From the start of a request to the end of its body. */
  readonly bodyMs: number;
  /** A connection on which nothing moves, in the middle of a request or its answer, */
  readonly silentMs: number;
  /** and between two requests. */
  readonly idleMs: number;
  /** How often the times of headers and requests are looked at. */
  readonly lookMs: number;
}

export const LIMITS: Limits = {
  connections: 8_192,
  newConnections: 128,
  headerBytes: 16 * 1024,
  headersMs: 5_000,
  bodyMs: 30_000,
  silentMs: SILENT_MS,
  idleMs: 5_000,
  lookMs: 1_000,
};

/** Certificate and key as PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

export interface Place {
  readonly host: string;
  readonly port: number;
  readonly tls?: Tls | undefined;
}

export interface Listening {
  readonly port: number;
  readonly connections: number;
  /** A request on it was let in: it is no stranger any more. */
  letIn(socket: Socket): void;
  /** Ends it and every connection. */
  close(): void;
}

export class PortTaken extends Error {}

/** Rejects with `PortTaken` if another process has the port. */
export const listen = async (
  { host, port, tls }: Place,
  handler: RequestListener,
  onError: (error: Error) => void,
  limits: Limits = LIMITS,
): Promise<Listening> => {
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.bodyMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: limits.lookMs,
    requireHostHeader: true,
    insecureHTTPParser: false,
  };
  const connections = new Connections(limits);
  const listener: RequestListener = (message, response) => {
    connections.began(message.socket);
    response.on('close', () => connections.ended(message.socket));
    // A body that nobody reads would be taken for the next request's time.
    if (hasBody({ message }) || !wantsToStay(message)) response.shouldKeepAlive = false;
    handler(message, response);
  };
  const server: Server =
    tls === undefined
      ? createServer(options, listener)
      : createTlsServer({ ...options, ...tls }, listener);
  server.timeout = limits.silentMs;
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) =>
    connections.take(socket),
  );
  await bound(server, host, port);
  server.on('error', onError);
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections.size;
    },
    letIn: (socket) => connections.letIn(socket),
    close: () => {
      server.close();
      connections.endAll();
    },
  };
};

/** The connections of a server, the oldest first. */
class Connections {
  readonly #limits: Limits;
  /** How many requests are under way on each. */
  readonly #all = new Map<Socket, number>();
  readonly #strangers = new Set<Socket>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#all.size;
  }

  take(socket: Socket): void {
    if (this.#strangers.size >= this.#limits.newConnections)
      this.#oldest(this.#strangers)?.destroy();
    if (this.#all.size >= this.#limits.connections) {
      const [idle] = [...this.#all].find(([, requests]) => requests === 0) ?? [];
      if (idle === undefined) return void socket.destroy();
      this.#forget(idle);
      idle.destroy();
    }
    this.#all.set(socket, 0);
    this.#strangers.add(socket);
    socket.once('close', () => this.#forget(socket));
  }

  letIn(socket: Socket): void {
    this.#strangers.delete(socket);
  }

  began(socket: Socket): void {
    this.#count(socket, 1);
  }

  ended(socket: Socket): void {
    this.#count(socket, -1);
  }

  endAll(): void {
    for (const socket of this.#all.keys()) socket.destroy();
  }

  /** One that has been forgotten stays so. */
  #count(socket: Socket, change: number): void {
    const requests = this.#all.get(socket);
    if (requests !== undefined) this.#all.set(socket, requests + change);
  }

  #oldest(sockets: ReadonlySet<Socket>): Socket | undefined {
    const [oldest] = sockets;
    if (oldest !== undefined) this.#forget(oldest);
    return oldest;
  }

  #forget(socket: Socket): void {
    this.#all.delete(socket);
    this.#strangers.delete(socket);
  }
}

const bound = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new PortTaken(error.message) : error);
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
