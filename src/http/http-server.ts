/**
 * HTTP: health and metrics, the API below `/v1`, and the page. It owns the listening socket and what is under way on it.
 *
 * 1. Of a port that was named it is that port or none; without one it is the usual port, or any free one.
 * 2. After a crash it comes back on the port that it had, or waits for it: scrapers and `daemon.json` name it.
 * 3. Beyond the loopback it is reached by TLS, or through a proxy that was declared, and not without a token; else it does
 *    not start.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { USUAL_HTTP_PORT } from '../config/usual-port.ts';
import { Dispatch } from '../gateway/dispatch.ts';
import type { Reply } from '../gateway/paging.ts';
import { REQUEST_LIMITS, Requests } from '../gateway/requests.ts';
import { genServer, IGNORE, protocol } from '../otp/gen-server.ts';
import { nameOf } from '../otp/name.ts';
import type { System } from '../otp/system.ts';
import type { SessionsDoor } from '../session/api/door.ts';
import type { Feed } from '../session/events/feed.ts';
import type { DaemonFace } from '../session/verbs/daemon-verbs.ts';
import { cookieNameOf } from './access/credentials.ts';
import { RateLimit } from './access/rate-limit.ts';
import type { Grant } from './access/token-book.ts';
import { tokensName } from './access/tokens.ts';
import { Classic } from './classic/classic.ts';
import { description } from './description.ts';
import { Front } from './front.ts';
import { type Listening, listen, type Place, PortTaken } from './listening.ts';
import { type Observed, Observer } from './observer.ts';
import { Pages } from './pages.ts';
import { type HttpSettings, type PublicSettings, placeOf, publicSettingsOf } from './place.ts';
import { KeyedAnswers } from './rest/keyed-answers.ts';
import { Rest } from './rest/rest.ts';
import { OpenStreams } from './streams/open-streams.ts';
import { SessionFeed } from './streams/session-feed.ts';

export interface HttpArgs {
  /** false: the actor is ignored. */
  readonly wanted: boolean;
  /** undefined: 4280, or a free one if that is taken. 0: any free one. */
  readonly port: number | undefined;
  readonly settings: HttpSettings;
  /** Where earlier servers of this daemon were. */
  readonly past: HttpPast;
  readonly observed: Observed;
  readonly door: SessionsDoor;
  readonly daemon: DaemonFace;
  readonly feed: Feed;
}

export interface HttpPast {
  port: number | undefined;
}

/** Where it is. */
export interface HttpFace {
  readonly url: string;
  /** The usual port, which another program has; undefined: it is on that one, or on one that was asked for. */
  readonly insteadOf: number | undefined;
  /** Open connections. */
  readonly connections: number;
  readonly streams: number;
}

export const httpName = nameOf<HttpFace>('http');

const ANY_PORT = 0;

interface State {
  readonly listening: Listening;
  readonly requests: Requests;
  readonly streams: OpenStreams;
}

export const HttpServer = genServer(protocol({ calls: {} }), {
  init: async (args: HttpArgs, self) => {
    if (!args.wanted) return IGNORE;
    const { system } = self;
    const requests = new Requests(system.clock, REQUEST_LIMITS);
    const streams = new OpenStreams(system.clock);
    const feed = new SessionFeed(args.feed);
    self.own(() => feed.close());
    self.own(() => streams.endAll());
    const settings = publicSettingsOf(args.settings);
    const place = placeOf(settings, system.find(tokensName)?.hasTokens === true);
    let front: Front | undefined;
    const handler = (message: IncomingMessage, response: ServerResponse) =>
      front?.handle(message, response);
    const listening = await listenOn(
      place,
      portsToTry(args.port, args.past.port),
      handler,
      (error) => self.exit({ crashed: error }),
    );
    self.own(() => listening.close());
    front = frontOf(system, args, { requests, streams, feed, listening, settings });
    args.past.port = listening.port;
    const isMoved = args.port === undefined && listening.port !== USUAL_HTTP_PORT;
    self.register(httpName, faceOf(place, listening, streams, isMoved));
    return { listening, requests, streams } satisfies State;
  },

  handleCall: {},

  /** What was begun is answered; streams end, and their readers come back. */
  terminate: async (_, { requests, streams }: State) => {
    requests.drain();
    streams.endAll();
    await requests.inFlight.idle();
  },

  redact: ({ listening: { port, connections }, streams }: State) => ({
    ...{ port, connections },
    streams: streams.size,
  }),
});

interface Own {
  readonly requests: Requests;
  readonly streams: OpenStreams;
  readonly feed: SessionFeed;
  readonly listening: Listening;
  readonly settings: PublicSettings;
}

const frontOf = (
  system: System,
  { observed, door, daemon }: HttpArgs,
  { requests, streams, feed, listening, settings }: Own,
): Front => {
  const onBug = (error: unknown, request: string, traceId?: string) =>
    system.report({
      ...{ kind: 'fault', actor: 'http', during: `the request ${request}`, error },
      ...(traceId === undefined ? {} : { where: { traceId } }),
    });
  const { clock } = system;
  const ground = {
    ...{ door, clock, requests, streams, feed, dispatch: new Dispatch(door, daemon) },
    keyed: new KeyedAnswers<Reply<string>>(clock, ({ data }) => data.length),
    isGood: (grant: Grant) => system.find(tokensName)?.isGood(grant) === true,
  };
  const rest = new Rest({ ...ground, onBug, openapi: description() });
  return new Front({
    ...{ rest, onBug, classic: new Classic(ground, onBug) },
    ...{ hosts: settings.hosts, clock },
    isSecure: settings.tls !== undefined || settings.isBehindProxy,
    cookieName: cookieNameOf(listening.port),
    tokens: () => system.find(tokensName),
    rateLimit: settings.rate === 0 ? undefined : new RateLimit(settings.rate, clock),
    observer: new Observer(system, observed),
    pages: new Pages(),
    letIn: (socket) => listening.letIn(socket),
  });
};

/** A configured port is taken at its word; so is that of an earlier server. */
const portsToTry = (
  configured: number | undefined,
  last: number | undefined,
): readonly number[] => {
  if (last !== undefined) return [last];
  return configured === undefined ? [USUAL_HTTP_PORT, ANY_PORT] : [configured];
};

const listenOn = async (
  place: Omit<Place, 'port'>,
  ports: readonly number[],
  handler: (message: IncomingMessage, response: ServerResponse) => void,
  onError: (error: Error) => void,
): Promise<Listening> => {
  for (const port of ports) {
    try {
      return await listen({ ...place, port }, handler, onError);
    } catch (error) {
      if (!(error instanceof PortTaken)) throw error;
    }
  }
  throw new Error(
    `port ${ports[0]} is taken by another program: set GREENROOM_HTTP_PORT to another one, to 0 for any free one, or to off`,
  );
};

const faceOf = (
  { host, tls }: Omit<Place, 'port'>,
  listening: Listening,
  streams: OpenStreams,
  isMoved: boolean,
): HttpFace => ({
  url: `${tls === undefined ? 'http' : 'https'}://${shownHost(host)}:${listening.port}`,
  insteadOf: isMoved ? USUAL_HTTP_PORT : undefined,
  get connections() {
    return listening.connections;
  },
  get streams() {
    return streams.size;
  },
});

/** Where all addresses are meant, this machine reaches it by the loopback. */
const shownHost = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
};
