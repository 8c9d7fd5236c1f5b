/**
 * A client over NATS: the same calls, replies and errors as embedded (`SessionsApi`), for one tenant.
 * It owns its connection, and whatever streams are open on it.
 */
import { readFileSync } from 'node:fs';
import { connect, credsAuthenticator, type NatsConnection } from 'nats';
import type { z } from 'zod';
import { serversIn } from '../nats/servers.ts';
import { ASK, Subjects } from '../nats/subjects.ts';
import { systemClock } from '../otp/system-clock.ts';
import { withoutPasswords } from '../redact.ts';
import type {
  SESSION_VERBS,
  SESSIONS_VERBS,
  SessionReplies,
  SessionsApi,
  SessionsReplies,
  SessionsVerb,
  SessionVerb,
  TurnRequest,
} from '../session/api.ts';
import { deadlineMs } from '../session/deadlines.ts';
import { GreenroomError } from '../session/errors.ts';
import type { WireEvent } from '../session/event.ts';
import { newTurnId, sessionKey } from '../session/ids.ts';
import { AskStream } from './ask-stream.ts';
import { fromNats, replyIn } from './replies.ts';

export interface ClientOptions {
  /** `nats://host:port`, several with commas or as a list; `user:password@` or `token@` before the host. */
  readonly servers: string | readonly string[];
  /** First token of every subject. Default `greenroom`. */
  readonly prefix?: string;
  /** Default `default`. */
  readonly tenant?: string;
  /** A credentials file. */
  readonly creds?: string | undefined;
  /** How long the first connection may take, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** How long a request may take; default 35,000, longer for `import` and `cleanup`. */
  readonly timeoutMs?: number;
  /** Silence after which a turn's stream is asked for again. Default 30,000. */
  readonly silenceMs?: number;
  /** How long a turn's stream may stay lost, a restarting daemon included. Default 30,000. */
  readonly rejoinMs?: number;
}

export interface Client extends SessionsApi {
  readonly tenant: string;
  /** Largest message of the broker, in bytes; undefined while there is no connection. */
  readonly maxPayloadBytes: number | undefined;
  /** A verb on the daemon itself: `status`, `tree`, … */
  daemon(verb: string, request?: unknown): Promise<unknown>;
  /** Lets go of everything; streams that are open end with `unavailable`. */
  close(): Promise<void>;
}

/** What a request may take beyond the daemon's own deadline: its way there and back. */
const MARGIN_MS = 5_000;

/** Connects; rejects with `unavailable` if no broker answers. Afterwards it reconnects by itself. */
export const connectClient = async (options: ClientOptions): Promise<Client> => {
  const { tenant = 'default', prefix = 'greenroom' } = options;
  sessionKey(tenant, '-');
  try {
    return new NatsClient(await open(options), new Subjects(prefix), tenant, options);
  } catch (error) {
    const why = (error as Error).message;
    const where = withoutPasswords(String(options.servers), '');
    throw new GreenroomError('unavailable', `cannot connect to NATS at ${where}: ${why}`, {
      cause: error,
    });
  }
};

const open = ({ servers, creds, connectTimeoutMs }: ClientOptions): Promise<NatsConnection> =>
  connect({
    ...serversIn(servers),
    name: 'greenroom-client',
    noAsyncTraces: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    timeout: connectTimeoutMs ?? 5_000,
    ...(creds === undefined ? {} : { authenticator: credsAuthenticator(readFileSync(creds)) }),
  });

class NatsClient implements Client {
  readonly tenant: string;
  readonly #nc: NatsConnection;
  readonly #subjects: Subjects;
  readonly #options: ClientOptions;
  readonly #streams = new Set<AskStream>();

  constructor(nc: NatsConnection, subjects: Subjects, tenant: string, options: ClientOptions) {
    this.#nc = nc;
    this.#subjects = subjects;
    this.tenant = tenant;
    this.#options = options;
    void this.#rejoinAfterReconnects();
  }

  get maxPayloadBytes(): number | undefined {
    return this.#nc.info?.max_payload;
  }

  async session<V extends SessionVerb>(
    sessionId: string,
    verb: V,
    request: z.input<(typeof SESSION_VERBS)[V]>,
  ): Promise<SessionReplies[V]> {
    sessionKey(this.tenant, sessionId);
    const subject = this.#subjects.session(this.tenant, sessionId, verb);
    return (await this.#request(subject, verb, request)) as SessionReplies[V];
  }

  async sessions<V extends SessionsVerb>(
    verb: V,
    request: z.input<(typeof SESSIONS_VERBS)[V]>,
  ): Promise<SessionsReplies[V]> {
    const subject = this.#subjects.sessions(this.tenant, verb);
    return (await this.#request(subject, verb, request)) as SessionsReplies[V];
  }

  daemon(verb: string, request: unknown = {}): Promise<unknown> {
    return this.#request(this.#subjects.daemon(this.tenant, verb), verb, request);
  }

  async *turn(
    sessionId: string,
    request: z.input<typeof TurnRequest>,
  ): AsyncGenerator<WireEvent, void> {
    sessionKey(this.tenant, sessionId);
    const subject = this.#subjects.session(this.tenant, sessionId, ASK);
    const turnId = request.turnId ?? newTurnId(systemClock.now());
    const body = Buffer.from(JSON.stringify({ ...request, turnId }));
    const { silenceMs = 30_000, rejoinMs = 30_000 } = this.#options;
    const stream = new AskStream(this.#nc, systemClock, subject, body, { silenceMs, rejoinMs });
    this.#streams.add(stream);
    try {
      for (let event = await stream.next(); event !== undefined; event = await stream.next())
        yield event;
    } finally {
      this.#streams.delete(stream);
      stream.close();
    }
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.abandon();
    await this.#nc.close();
  }

  async #request(subject: string, verb: string, request: unknown): Promise<unknown> {
    const timeout = this.#options.timeoutMs ?? deadlineMs(verb) + MARGIN_MS;
    const body = Buffer.from(JSON.stringify(request));
    try {
      return replyIn(await this.#nc.request(subject, body, { timeout }));
    } catch (error) {
      throw fromNats(error, subject, this.#nc.info?.max_payload ?? 0);
    }
  }

  async #rejoinAfterReconnects(): Promise<void> {
    for await (const { type } of this.#nc.status())
      if (type === 'reconnect') for (const stream of this.#streams) stream.rejoin();
  }
}
