/**
 * The door for what watches the daemon: health and metrics over HTTP, on the loopback. It owns the listening socket.
 *
 * 1. Of a port that was named it is that port or none; without one it is the usual port, or any free one.
 * 2. After a crash it comes back on the port that it had, or waits for it: scrapers and `daemon.json` name it.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { genServer, IGNORE, protocol } from '../otp/gen-server.ts';
import { nameOf } from '../otp/name.ts';
import { type Answer, answerTo, refusal } from './answers.ts';
import { type Listening, listen, PortTaken } from './listening.ts';
import { type Observed, Observer } from './observer.ts';

export interface HttpArgs {
  /** false: the actor is ignored. */
  readonly wanted: boolean;
  /** undefined: 4280, or a free one if that is taken. 0: any free one. */
  readonly port: number | undefined;
  /** Where earlier servers of this daemon were. */
  readonly past: HttpPast;
  readonly observed: Observed;
}

export interface HttpPast {
  port: number | undefined;
}

/** Where it is. */
export interface HttpFace {
  readonly url: string;
  /** Open connections. */
  readonly connections: number;
}

export const httpName = nameOf<HttpFace>('http');

const USUAL_PORT = 4280;
const ANY_PORT = 0;

export const HttpServer = genServer(protocol({ calls: {} }), {
  init: async ({ wanted, port, past, observed }: HttpArgs, self) => {
    if (!wanted) return IGNORE;
    const { system } = self;
    const observer = new Observer(system, observed);
    const onBug = (error: unknown) =>
      system.report({ kind: 'fault', actor: 'http', during: 'a request', error });
    const handler: RequestListener = (message, response) =>
      void respond(message, response, observer).catch((error: unknown) => {
        onBug(error);
        if (!response.headersSent) send(response, refusal(500, 'a bug; see the log'), 'GET');
      });
    const listening = await listenOn(portsToTry(port, past.port), handler, (error) =>
      self.exit({ crashed: error }),
    );
    self.own(() => listening.close());
    past.port = listening.port;
    self.register(httpName, faceOf(listening));
    return { listening };
  },

  handleCall: {},

  redact: ({ listening: { port, connections } }) => ({ port, connections }),
});

/** A configured port is taken at its word; so is that of an earlier server. */
const portsToTry = (
  configured: number | undefined,
  last: number | undefined,
): readonly number[] => {
  if (last !== undefined) return [last];
  return configured === undefined ? [USUAL_PORT, ANY_PORT] : [configured];
};

const listenOn = async (
  ports: readonly number[],
  handler: RequestListener,
  onError: (error: Error) => void,
): Promise<Listening> => {
  for (const port of ports) {
    try {
      return await listen(port, handler, onError);
    } catch (error) {
      if (!(error instanceof PortTaken)) throw error;
    }
  }
  throw new Error(
    `port ${ports[0]} is taken by another program: set GREENROOM_HTTP_PORT to another one, to 0 for any free one, or to off`,
  );
};

const faceOf = (listening: Listening): HttpFace => ({
  url: `http://127.0.0.1:${listening.port}`,
  get connections() {
    return listening.connections;
  },
});

const respond = async (
  { method = '', url: target = '', headers }: IncomingMessage,
  response: ServerResponse,
  observer: Observer,
): Promise<void> =>
  send(response, await answerTo({ method, target, host: headers.host }, observer), method);

const send = (response: ServerResponse, answer: Answer, method: string): void => {
  const { status, type, body, allow } = answer;
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(allow === undefined ? {} : { Allow: allow }),
  });
  response.end(method === 'HEAD' ? undefined : body);
};
