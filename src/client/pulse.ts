/**
 * Whether the daemon is there, while anybody waits for it. After a second without a word it is asked;
 * twice without a listener, or without a connection for as long, and it is away.
 *
 * 1. Nothing is asked while nobody waits, or while it speaks by itself.
 * 2. `away` and `back` are told in turn, `back` also when another daemon stands in the old one's place.
 */
import type { Clock, Timer } from '../otp/clock.ts';

/** What came of asking. `silent`: it may be busy, or its machine is gone; nobody can tell yet. */
export type Answer =
  | { readonly kind: 'answered'; readonly daemon: string | undefined }
  | 'nobody'
  | 'silent';

export interface PulseOptions {
  readonly clock: Clock;
  readonly ask: () => Promise<Answer>;
  /** Told at each look while the connection or the daemon is away: time to look elsewhere. */
  readonly whileAway: () => void;
  readonly onAway: () => void;
  readonly onBack: () => void;
}

const LOOK_EVERY_MS = 500;
const QUIET_MS = 1_000;
/** Without a connection that long it is away: a broker that restarts is back before. */
const LOST_MS = 1_500;

export class Pulse {
  readonly #options: PulseOptions;
  #waiting = 0;
  #timer: Timer | undefined;
  #heardMs: number;
  #disconnectedMs: number | undefined;
  #unanswered = 0;
  #isAsking = false;
  #isAway = false;
  #daemon: string | undefined;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#heardMs = options.clock.monotonic();
  }

  get isAway(): boolean {
    return this.#isAway;
  }

  /** Somebody waits for the daemon. Returns how to end that. */
  begin(): () => void {
    if (this.#waiting === 0) this.#heardMs = this.#options.clock.monotonic();
    this.#waiting += 1;
    this.#timer ??= this.#options.clock.setTimeout(() => this.#look(), LOOK_EVERY_MS);
    let isOver = false;
    return () => {
      if (!isOver) this.#waiting -= 1;
      isOver = true;
    };
  }

  /** Which daemon it is that answers now, to know another one from it. */
  recognise(): void {
    if (this.#daemon === undefined) void this.#ask();
  }

  /** Something came from the daemon. */
  heard(): void {
    this.#heardMs = this.#options.clock.monotonic();
    this.#unanswered = 0;
  }

  disconnected(): void {
    this.#disconnectedMs ??= this.#options.clock.monotonic();
  }

  /** There is a connection again: what was asked or said meanwhile is lost. The daemon may need longer. */
  connected(): void {
    this.#disconnectedMs = undefined;
    this.#unanswered = 0;
    if (this.#isAway) void this.#ask();
    else this.#back();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#waiting = 0;
  }

  #look(): void {
    const { clock, whileAway } = this.#options;
    const now = clock.monotonic();
    this.#timer =
      this.#waiting === 0 ? undefined : clock.setTimeout(() => this.#look(), LOOK_EVERY_MS);
    if (this.#waiting === 0) return;
    if (this.#disconnectedMs !== undefined) {
      whileAway();
      if (now - this.#disconnectedMs >= LOST_MS) this.#away();
    } else if (this.#isAway || now - this.#heardMs >= QUIET_MS) void this.#ask();
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const answer = await this.#options.ask();
    this.#isAsking = false;
    if (answer === 'silent') return;
    if (answer === 'nobody') {
      this.#unanswered += 1;
      if (this.#unanswered >= 2) this.#away();
      if (this.#isAway) this.#options.whileAway();
      return;
    }
    const { daemon = this.#daemon } = answer;
    const isOther = this.#daemon !== undefined && this.#daemon !== daemon;
    this.#daemon = daemon;
    this.heard();
    if (this.#isAway || isOther) this.#back();
  }

  #away(): void {
    if (this.#isAway) return;
    this.#isAway = true;
    this.#options.onAway();
  }

  #back(): void {
    this.#isAway = false;
    this.#options.onBack();
  }
}
