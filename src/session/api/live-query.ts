/**
 * A live query as its reader gets it: what is present, then what enters, leaves and changes, over daemons and brokers that
 * come and go. It owns the watch that it opens, and opens another one where changes are missing.
 *
 * 1. A change comes once, and none is missing between two `present`.
 * 2. What a request tells it has not got until its reply is here: it asks again from there.
 */
import { LONGEST_WATCH_MS } from '../../model/deadlines.ts';
import { codeOf, GreenroomError } from '../../model/errors.ts';
import { type Clock, pause } from '../../otp/clock.ts';
import type { SessionsApi } from '../verbs/api.ts';
import type { SessionsReplies, SessionsRequests } from '../verbs/registry.ts';
import type { SessionSummary } from '../verbs/reply-schemas.ts';
import type { WatchChangeView } from '../verbs/watch-verbs.ts';
import { type AbortSignals, mustNotBeAborted } from './abort.ts';

/** `opened`: the first. `behind`: its reader was too slow. `lost`: the daemon does not know the watch any more. */
type Why = 'opened' | 'behind' | 'lost';

export type WatchEvent =
  | {
      /** All that meets the query now. What came before does not count any more. */
      readonly type: 'present';
      readonly sessions: readonly SessionSummary[];
      readonly why: Why;
    }
  | Exclude<WatchChangeView, { readonly type: 'present' }>;

export interface WatchControl {
  /** Aborting it ends the watch; the iteration throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long a daemon or broker may be away, in milliseconds, before the iteration throws `unavailable`. Default 60,000. */
  readonly patienceMs?: number | undefined;
}

type Query = SessionsRequests['watch-open'];
type Opened = SessionsReplies['watch-open'];
type Next = SessionsReplies['watch-next'];

const PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** What may be mended by asking again. */
const PASSING: ReadonlySet<string> = new Set([
  ...['unavailable', 'draining', 'deadline_exceeded', 'mailbox_full'],
]);

export async function* watchSessions(
  ground: WatchGround,
  query: Query,
  control: WatchControl,
): AsyncGenerator<WatchEvent, void> {
  const { api } = ground;
  const asking = new Asking(ground, control);
  const open = (door: SessionsApi) => door.sessions('watch-open', query);
  let watchId: string | undefined;
  try {
    let why: Why = 'opened';
    let opened: Opened = await asking.once(open);
    for (;;) {
      ({ watchId } = opened);
      why = yield* followed(asking, opened, why);
      opened = await asking.steadily(open);
    }
  } finally {
    // Else it is forgotten by itself.
    if (watchId !== undefined && api.hasEnded?.() !== true)
      void api.sessions('watch-close', { watchId }).catch(() => undefined);
  }
}

/** One watch from its beginning to where changes are missing. Returns why they are. */
async function* followed(
  asking: Asking,
  { watchId, present: count }: Opened,
  why: Why,
): AsyncGenerator<WatchEvent, Why> {
  let after = 0;
  let present: SessionSummary[] | undefined = [];
  if (count === 0) {
    present = undefined;
    yield { type: 'present', sessions: [], why };
  }
  for (;;) {
    const next: Next = await asking.steadily((door) =>
      door.sessions('watch-next', { watchId, after, waitMs: LONGEST_WATCH_MS }),
    );
    if ('resync' in next) return next.resync === 'behind' ? 'behind' : 'lost';
    after = next.n;
    const later: Exclude<WatchChangeView, { type: 'present' }>[] = [];
    for (const change of next.changes)
      if (change.type !== 'present') later.push(change);
      else present?.push(change.session);
    if (present !== undefined && next.presentLeft > 0) continue;
    if (present !== undefined) yield { type: 'present', sessions: present, why };
    present = undefined;
    yield* later;
  }
}

/** What all watches of a door share. */
export interface WatchGround {
  readonly api: SessionsApi;
  readonly clock: Clock;
  readonly signals: AbortSignals;
}

/** Asks, and asks again while what is asked is away. */
class Asking {
  readonly #ground: WatchGround;
  readonly #patienceMs: number;
  readonly #signal: AbortSignal | undefined;

  constructor(ground: WatchGround, { patienceMs = PATIENCE_MS, signal }: WatchControl) {
    this.#ground = ground;
    this.#patienceMs = patienceMs;
    this.#signal = signal;
  }

  once<T>(ask: (api: SessionsApi) => Promise<T>): Promise<T> {
    mustNotBeAborted(this.#signal);
    return this.#unlessAborted(ask(this.#ground.api));
  }

  /** Nothing is done with the answer of a request that is given up. */
  async #unlessAborted<T>(answer: Promise<T>): Promise<T> {
    if (this.#signal === undefined) return answer;
    answer.catch(() => undefined);
    let unhear = (): void => undefined;
    const aborted = new Promise<never>((_, reject) => {
      unhear = this.#ground.signals.hear(this.#signal, reject);
    });
    try {
      return await Promise.race([answer, aborted]);
    } finally {
      unhear();
    }
  }

  async steadily<T>(ask: (api: SessionsApi) => Promise<T>): Promise<T> {
    const { clock, api } = this.#ground;
    const untilMs = clock.monotonic() + this.#patienceMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2))
      try {
        return await this.once(ask);
      } catch (error) {
        if (api.hasEnded?.() === true) throw ended(error);
        if (!PASSING.has(codeOf(error)) || !(error instanceof GreenroomError)) throw error;
        // A request may take longer than the patience: then one more is made.
        if (clock.monotonic() > untilMs) throw error;
        await this.once(() => pause(clock, pauseMs));
      }
  }
}

const ended = (cause: unknown): GreenroomError =>
  new GreenroomError('unavailable', 'the watch has ended with what it was opened on', { cause });
