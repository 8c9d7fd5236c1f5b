/**
 * The client's connection, which outlives brokers and daemons: it reconnects by itself, goes along when
 * the daemon has moved to another address, and knows while somebody waits whether the daemon is there.
 *
 * 1. `nc` is the connection of the moment: who subscribes again does so on this one, after `back`.
 * 2. A request ends: with its answer, its deadline, or `unavailable` soon after the daemon has gone, or after a connection
 *    that its answer was to come on.
 * 3. One that changes nothing is asked once more when connection or daemon are back: its answer may have been lost.
 */
import { type Msg, type NatsConnection, NatsError } from 'nats';
import { GreenroomError } from '../model/errors.ts';
import type { Clock, Timer } from '../otp/clock.ts';
import { PATIENCE_MS, PendingRequests, wentAway } from './pending-requests.ts';
import { type Answer, Pulse } from './pulse.ts';
import { errorIn, forbidden, isNoResponders } from './replies.ts';

export interface ConnectionOptions {
  readonly clock: Clock;
  /** Opens a connection, to these servers or to those that were named at first. */
  readonly open: (servers?: string) => Promise<NatsConnection>;
  /** Where the daemon is now; undefined: where it was. */
  readonly locate: () => string | undefined;
  /** Subject that every daemon answers at once. */
  readonly pingSubject: string;
}

export type Change = 'away' | 'back';
type Forbidden = (subject: string, error: GreenroomError) => void;

const PING_TIMEOUT_MS = 2_500;
/** When a request is repeated for which nobody listened yet, in milliseconds. */
const AGAIN_MS = 100;

export class Connection {
  readonly pulse: Pulse;
  readonly #options: ConnectionOptions;
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #forbidden = new Set<Forbidden>();
  readonly #pending: PendingRequests;
  #nc: NatsConnection;
  #servers: string | undefined;
  #isMoving = false;
  #isClosed = false;

  constructor(nc: NatsConnection, options: ConnectionOptions) {
    this.#nc = nc;
    this.#options = options;
    this.#servers = options.locate();
    this.#pending = new PendingRequests(options.clock);
    this.pulse = new Pulse({
      clock: options.clock,
      ask: () => this.#ping(),
      whileAway: () => void this.#follow(),
      onAway: () => this.#tell('away'),
      onBack: () => this.#tell('back'),
    });
    void this.#watch(nc);
  }

  get nc(): NatsConnection {
    return this.#nc;
  }

  /** Hears when the daemon goes and comes while somebody waits for it. Returns how to stop. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Hears what this user may not publish to: the broker's only word of it. Returns how to stop. */
  onForbidden(listener: Forbidden): () => void {
    this.#forbidden.add(listener);
    return () => void this.#forbidden.delete(listener);
  }

  /** @param changesNothing it may be asked as often as it takes. */
  async request(
    subject: string,
    body: Uint8Array,
    { timeoutMs, changesNothing }: { readonly timeoutMs: number; readonly changesNothing: boolean },
  ): Promise<Msg> {
    const waited = this.pulse.begin();
    const request = this.#pending.begin();
    const { clock } = this.#options;
    const beganMs = clock.monotonic();
    // Given up when the daemon goes, or, if it is away already, after a while.
    const late = this.pulse.isAway
      ? clock.setTimeout(() => this.pulse.isAway && request.giveUp(wentAway(subject)), PATIENCE_MS)
      : undefined;
    try {
      // What may be asked again need not wait: it is asked again when there is a connection.
      if (!changesNothing) await this.#pending.mayBeSent(request, subject, timeoutMs);
      const leftMs = Math.max(1, timeoutMs - (clock.monotonic() - beganMs));
      const answer = changesNothing
        ? this.#askedAgain(subject, body, leftMs)
        : this.#nc.request(subject, body, { timeout: leftMs });
      answer.catch(() => undefined); // of a request that was given up
      const msg = await Promise.race([answer, request.gone]);
      this.pulse.heard();
      return msg;
    } finally {
      this.#pending.end(request);
      late?.cancel();
      waited();
    }
  }

  /** The first answer, to the request or to one that repeats it; its own failure is that of the last one. */
  async #askedAgain(subject: string, body: Uint8Array, timeoutMs: number): Promise<Msg> {
    const { clock } = this.#options;
    const untilMs = clock.monotonic() + timeoutMs;
    let stop = (): void => undefined;
    let later: Timer | undefined;
    try {
      return await new Promise<Msg>((resolve, reject) => {
        let asked = 0;
        let patientUntilMs = 0;
        const ask = () => {
          const nth = ++asked;
          const timeout = Math.max(1, untilMs - clock.monotonic());
          this.#nc.request(subject, body, { timeout }).then(resolve, (error: unknown) => {
            if (nth !== asked) return;
            // Behind a broker that was away its clients come back one after the other.
            const mayCome = isNobody(error) && clock.monotonic() < patientUntilMs;
            if (mayCome) later = clock.setTimeout(ask, AGAIN_MS);
            else reject(error);
          });
        };
        stop = this.onChange((change) => {
          if (change !== 'back') return;
          patientUntilMs = clock.monotonic() + PATIENCE_MS;
          ask();
        });
        ask();
      });
    } finally {
      stop();
      later?.cancel();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.pulse.stop();
    this.#pending.giveUp(new GreenroomError('unavailable', 'the client was closed'));
    await this.#nc.close();
  }

  #tell(change: Change): void {
    if (change === 'away') this.#pending.giveUp(wentAway());
    for (const listener of [...this.#listeners]) listener(change);
  }

  async #watch(nc: NatsConnection): Promise<void> {
    for await (const { type, permissionContext } of nc.status()) {
      if (nc !== this.#nc) return;
      if (type === 'error' && permissionContext?.operation === 'publish')
        for (const listener of this.#forbidden)
          listener(permissionContext.subject, forbidden(permissionContext.subject));
      if (type === 'disconnect') {
        this.#pending.cut();
        this.pulse.disconnected();
      }
      if (type === 'reconnect') {
        this.#pending.mended();
        this.pulse.connected();
      }
    }
  }

  /** Any word of a daemon is a sign of life, a refusal too: an older one does not know the verb. */
  async #ping(): Promise<Answer> {
    try {
      const msg = await this.#nc.request(this.#options.pingSubject, '', {
        timeout: PING_TIMEOUT_MS,
      });
      if (isNoResponders(msg)) return 'nobody';
      const isRefused = errorIn(msg) !== undefined;
      return { kind: 'answered', daemon: isRefused ? undefined : msg.string() };
    } catch (error) {
      return isNobody(error) ? 'nobody' : 'silent';
    }
  }

  /** Goes to where the daemon is now, if that is elsewhere. */
  async #follow(): Promise<void> {
    const servers = this.#options.locate();
    if (servers === undefined || servers === this.#servers || this.#isMoving) return;
    this.#isMoving = true;
    try {
      const nc = await this.#options.open(servers);
      const old = this.#nc;
      if (this.#isClosed) return void nc.close();
      this.#servers = servers;
      this.#nc = nc;
      void this.#watch(nc);
      this.#pending.replaced();
      this.pulse.connected();
      await old.close();
    } catch {
      // It is not there yet: the next look tries again.
    } finally {
      this.#isMoving = false;
    }
  }
}

/** Nobody listens on the subject, says the broker. */
const isNobody = (error: unknown): boolean => error instanceof NatsError && error.code === '503';
