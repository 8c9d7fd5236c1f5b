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
import { connect, credsAuthenticator, type NatsConnection } from 'nats';
import { z } from 'zod';
import { GreenroomError } from '../model/errors.ts';
import { pause } from '../otp/clock.ts';
import { genServer, noreply, protocol, stop } from '../otp/gen-server.ts';
import { nameOf } from '../otp/name.ts';
import type { System } from '../otp/system.ts';
import { withoutUserParts } from '../platform/address.ts';
import { busName } from '../session/ports/bus.ts';
import { brokerName } from './broker.ts';
import { connectFault, isHopeless } from './broker-fault.ts';
import { busOver } from './bus.ts';
import { NO_NOTICES, type Notices } from './notices.ts';
import { Outbox } from './outbox.ts';
import { RefusalNotices, type Refused } from './permissions.ts';
import { requireVersion } from './server-program.ts';
import { serversIn } from './servers.ts';

export interface LinkArgs {
  /** Servers with commas, as `serversIn` reads them; undefined: our own broker, found by its name. */
  readonly url?: string | undefined;
  /** A credentials file. */
  readonly creds?: string | undefined;
  /** How long the first connection may take, in milliseconds; default 20,000. */
  readonly connectTimeoutMs?: number;
  /** Told when the broker is lost and when it is back. */
  readonly notices?: Notices;
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

const CONNECT_TIMEOUT_MS = 20_000;
const ATTEMPT_TIMEOUT_MS = 5_000;
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
  /** Monotonic; undefined: the connection stands. */
  readonly lostAtMs: number | undefined;
}

export const Link = genServer(linkProtocol, {
  init: async (args: LinkArgs, self): Promise<State> => {
    const { system } = self;
    let isGivenUp = false;
    self.own(() => {
      isGivenUp = true;
    });
    const { nc, url } = await connectWithin(args, system, () => isGivenUp);
    self.own(() => nc.close());
    requireVersion(nc.info?.version ?? '', url);
    let connected = true;
    const listeners = new Set<() => void>();
    const refusals = new RefusalNotices(noticesOf(args));
    watch(nc, {
      tell: (event) => {
        connected = event !== 'disconnected';
        if (connected) refusals.forget(); // the broker may have other rules now
        self.send(event);
      },
      refused: (what) => refusals.tell(shown(url), what),
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
    self.register(busName, busOver(nc, face.isConnected));
    noticesOf(args).info({ broker: shown(url) }, 'connected to the broker');
    return { args, face, listeners, lostAtMs: undefined };
  },

  handleCall: {},

  handleInfo: {
    disconnected: (_, state: State, self) => {
      const isAway = !state.face.isConnected();
      if (isAway) self.sendAfter(RECONNECT_WAIT_MS, 'disconnected');
      const { system } = self;
      const isNews = isAway && state.lostAtMs === undefined;
      const seen = isNews ? toldLost(state, system.clock.monotonic()) : state;
      return hasMoved(state.args, state.face, system.find(brokerName)?.url)
        ? stop({ shutdown: 'the broker has another address now' }, seen)
        : noreply(seen);
    },
    reconnected: (_, state: State, self) => {
      const back = toldBack(state, self.system.clock.monotonic());
      for (const listener of state.listeners) listener();
      return noreply(back);
    },
    closed: (why, state: State) => stop({ crashed: new Error(`connection closed: ${why}`) }, state),
  },

  /** Intake and api have ended before us: what they said last goes out, then the socket closes. */
  terminate: async (_, { face }) => {
    face.outbox.flush();
    if (!face.nc.isClosed() && face.isConnected()) await face.nc.flush().catch(() => undefined);
    await face.nc.close();
  },

  redact: ({ face }) => ({ url: withoutUserParts(face.url), connected: face.isConnected() }),
});

const noticesOf = ({ notices = NO_NOTICES }: LinkArgs): Notices => notices;

const shown = (url: string): string => withoutUserParts(url, '');

const toldLost = (state: State, lostAtMs: number): State => {
  const broker = shown(state.face.url);
  const text = 'the broker is lost: turns wait in it, requests and events do not get through';
  noticesOf(state.args).warn({ broker }, text);
  return { ...state, lostAtMs };
};

const toldBack = (state: State, nowMs: number): State => {
  const awaySeconds = Math.round((nowMs - (state.lostAtMs ?? nowMs)) / 100) / 10;
  const broker = shown(state.face.url);
  noticesOf(state.args).info({ broker, awaySeconds }, `the broker is back after ${awaySeconds} s`);
  return { ...state, lostAtMs: undefined };
};

const hasMoved = (args: LinkArgs, face: LinkFace, now: string | undefined): boolean =>
  args.url === undefined && now !== undefined && now !== face.url;

interface Watcher {
  readonly tell: (event: 'disconnected' | 'reconnected') => void;
  readonly refused: (what: Refused) => void;
}

/** A server refuses without an answer: this is the only word of it, whoever published. */
const watch = (nc: NatsConnection, { tell, refused }: Watcher): void => {
  const follow = async () => {
    for await (const { type, permissionContext } of nc.status()) {
      if (type === 'error' && permissionContext !== undefined) refused(permissionContext);
      if (type === 'disconnect') tell('disconnected');
      if (type === 'reconnect') tell('reconnected');
    }
  };
  void follow();
};

/**
 * Keeps trying until the time is over: a broker may start after us, ours may be away and come back
 * elsewhere. What trying again cannot mend fails at once.
 */
const connectWithin = async (
  args: LinkArgs,
  system: System,
  isGivenUp: () => boolean,
): Promise<{ nc: NatsConnection; url: string }> => {
  const { clock } = system;
  const { url, creds, connectTimeoutMs = CONNECT_TIMEOUT_MS } = args;
  const due = clock.monotonic() + connectTimeoutMs;
  let isTold = false;
  for (;;) {
    const at = url ?? system.find(brokerName)?.url;
    try {
      if (at !== undefined) return { nc: await connectOnce(at, creds), url: at };
    } catch (error) {
      const fault = connectFault(shown(at ?? ''), error);
      if (isHopeless(fault) || clock.monotonic() >= due) throw fault;
      if (!isTold && url !== undefined)
        noticesOf(args).warn(
          { broker: shown(url) },
          `${fault.message}; it is tried again for ${connectTimeoutMs / 1_000} s`,
        );
      isTold = true;
    }
    if (isGivenUp() || (at === undefined && clock.monotonic() >= due))
      throw new GreenroomError('unavailable', 'cannot connect to our own broker: it is away');
    await pause(clock, RECONNECT_WAIT_MS);
  }
};

/** One attempt, as the gateway makes it; for `doctor` too. */
export const connectOnce = (
  url: string,
  creds: string | undefined,
  timeoutMs = ATTEMPT_TIMEOUT_MS,
): Promise<NatsConnection> =>
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
    timeout: timeoutMs,
    ...(creds === undefined ? {} : { authenticator: credsAuthenticator(readFileSync(creds)) }),
  });
