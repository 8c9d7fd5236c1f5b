/**
 * The connection to the broker, shared by intake and api. It owns the client's connection and knows
 * whether it stands right now.
 *
 * Invariants:
 * 1. It reconnects for ever; a connection that is closed for good, or a broker of ours that moved to
 *    another port, crashes it, and its supervisor connects anew.
 * 2. `noEcho`: what we publish never comes back to us as a request.
 */
import { readFileSync } from 'node:fs';
import { connect, credsAuthenticator, type NatsConnection, NatsError } from 'nats';
import { z } from 'zod';
import { pause } from '../otp/clock.ts';
import { genServer, noreply, protocol, stop } from '../otp/gen-server.ts';
import { nameOf } from '../otp/name.ts';
import type { System } from '../otp/system.ts';
import { withoutPasswords } from '../redact.ts';
import { brokerName } from './broker.ts';
import { Outbox } from './outbox.ts';
import { requireVersion } from './server-program.ts';
import { serversIn } from './servers.ts';

export interface LinkArgs {
  /** Servers with commas, as `serversIn` reads them; undefined: our own broker, found by its name. */
  readonly url?: string | undefined;
  /** A credentials file. */
  readonly creds?: string | undefined;
  /** How long the first connection may take, in milliseconds; default 20,000. */
  readonly connectTimeoutMs?: number;
}

/** What intake and api work with. */
export interface LinkFace {
  readonly nc: NatsConnection;
  readonly outbox: Outbox;
  /** Largest message that this broker takes. */
  readonly maxPayloadBytes: number;
  readonly url: string;
  isConnected(): boolean;
  /** Told after each reconnection; returns how to stop. */
  onReconnect(listener: () => void): () => void;
}

export const linkName = nameOf<LinkFace>('link');

const RECONNECT_WAIT_MS = 100;
const PING_INTERVAL_MS = 10_000;

const linkProtocol = protocol({
  calls: {},
  infos: { disconnected: z.void(), reconnected: z.void(), closed: z.string() },
});

interface State {
  readonly args: LinkArgs;
  readonly face: LinkFace;
  readonly listeners: ReadonlySet<() => void>;
}

export const Link = genServer(linkProtocol, {
  init: async (args: LinkArgs, self): Promise<State> => {
    const { system } = self;
    const { nc, url } = await connectWithin(args.connectTimeoutMs ?? 20_000, args, system);
    self.own(() => nc.close());
    requireVersion(nc.info?.version ?? '', url);
    let connected = true;
    const listeners = new Set<() => void>();
    watch(nc, (event) => {
      connected = event !== 'disconnected';
      self.send(event);
    });
    void nc.closed().then((error) => self.send('closed', error?.message ?? 'closed'));
    const face: LinkFace = {
      nc,
      outbox: new Outbox(nc, system.clock, () => connected),
      maxPayloadBytes: nc.info?.max_payload ?? 1024 * 1024,
      url,
      isConnected: () => connected,
      onReconnect: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    };
    self.register(linkName, face);
    return { args, face, listeners };
  },

  handleCall: {},

  handleInfo: {
    disconnected: (_, state: State, self) => {
      if (!state.face.isConnected()) self.sendAfter(RECONNECT_WAIT_MS, 'disconnected');
      return hasMoved(state.args, state.face, self.system.find(brokerName)?.url)
        ? stop({ shutdown: 'the broker has another address now' }, state)
        : noreply(state);
    },
    reconnected: (_, state: State) => {
      for (const listener of state.listeners) listener();
      return noreply(state);
    },
    closed: (why, state: State) => stop({ crashed: new Error(`connection closed: ${why}`) }, state),
  },

  /** Intake and api have ended before us: what they said last goes out, then the socket closes. */
  terminate: async (_, { face }) => {
    face.outbox.flush();
    if (!face.nc.isClosed() && face.isConnected()) await face.nc.flush().catch(() => undefined);
    await face.nc.close();
  },

  redact: ({ face }) => ({ url: withoutPasswords(face.url), connected: face.isConnected() }),
});

const hasMoved = (args: LinkArgs, face: LinkFace, now: string | undefined): boolean =>
  args.url === undefined && now !== undefined && now !== face.url;

const watch = (nc: NatsConnection, tell: (event: 'disconnected' | 'reconnected') => void): void => {
  const follow = async () => {
    for await (const { type } of nc.status()) {
      if (type === 'disconnect') tell('disconnected');
      if (type === 'reconnect') tell('reconnected');
    }
  };
  void follow();
};

/**
 * Keeps trying until the time is over: a broker may start after us, ours may be away and come back
 * elsewhere. Wrong credentials fail at once.
 */
const connectWithin = async (
  timeoutMs: number,
  { url, creds }: LinkArgs,
  system: System,
): Promise<{ nc: NatsConnection; url: string }> => {
  const { clock } = system;
  const due = clock.monotonic() + timeoutMs;
  for (;;) {
    const at = url ?? system.find(brokerName)?.url;
    try {
      if (at !== undefined) return { nc: await connectOnce(at, creds), url: at };
    } catch (error) {
      if (isHopeless(error) || clock.monotonic() >= due) throw notConnected(at, error as Error);
    }
    if (at === undefined && clock.monotonic() >= due)
      throw notConnected(at, new Error('it is away'));
    await pause(clock, RECONNECT_WAIT_MS);
  }
};

const isHopeless = (error: unknown): boolean =>
  !(error instanceof NatsError) || error.isAuthError();

const notConnected = (url: string | undefined, { message }: Error): Error =>
  new Error(
    `cannot connect to NATS at ${withoutPasswords(url ?? 'our own broker', '')}: ${message}`,
  );

const connectOnce = (url: string, creds: string | undefined): Promise<NatsConnection> =>
  connect({
    ...serversIn(url),
    name: 'greenroom',
    noEcho: true,
    noAsyncTraces: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: 50,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    timeout: 5_000,
    ...(creds === undefined ? {} : { authenticator: credsAuthenticator(readFileSync(creds)) }),
  });
