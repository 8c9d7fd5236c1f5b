/**
 * One reader's way through one session: what it has missed, then what happens. It owns its listener.
 *
 * Invariants: (1) it listens before it reads, so it misses nothing; (2) of messages and ends of turns none comes twice and
 * none is left out; (3) of what else is said, all since the last message comes once.
 */
import type { SessionKey } from '../../model/ids.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { SessionsDoor } from '../../session/api/door.ts';
import type { Publication } from '../../session/events/feed.ts';
import { isBehind, type Position, positionBehind, writtenPosition } from './position.ts';
import type { SessionFeed } from './session-feed.ts';
import { type Missed, missedSince, type Reset } from './stored-events.ts';

export interface Told {
  readonly name: string;
  readonly data: Uint8Array | string;
  readonly isDelta: boolean;
}

export interface FollowerOptions {
  readonly door: SessionsDoor;
  readonly feed: SessionFeed;
  readonly key: SessionKey;
  /** Where the reader is; undefined: it wants what happens from now on. */
  readonly from: Position | undefined;
  readonly tell: (told: Told) => void;
}

const NOWHERE: Position = { seq: 0, running: undefined, ended: undefined };

export class SessionFollower {
  readonly #options: FollowerOptions;
  readonly #stop: () => void;
  #early: Publication[] | undefined = [];
  #position: Position;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#position = options.from ?? NOWHERE;
    this.#stop = options.feed.follow(options.key, (publication) => {
      if (this.#early === undefined) this.#tell(publication);
      else this.#early.push(publication);
    });
  }

  /** Where a reader is that has all that was told; undefined: it wants what comes, and from where on is not known yet. */
  get position(): string | undefined {
    const isUnknown = this.#options.from === undefined && this.#early !== undefined;
    return isUnknown ? undefined : writtenPosition(this.#position);
  }

  stop(): void {
    this.#stop();
  }

  /** Tells what was missed; resolves when from now on everything is told as it happens. */
  async begin(context: RequestContext): Promise<void> {
    const { door, key, from } = this.#options;
    const missed = await missedSince({ door, context, key }, from);
    if (typeof missed !== 'string') return this.#goOn(missed, from);
    this.#reset(missed);
    const now = await missedSince({ door, context, key }, undefined);
    if (typeof now !== 'string') this.#goOn(now, undefined);
  }

  #reset(reason: Reset): void {
    const { sessionId } = this.#options.key;
    const data = JSON.stringify({ type: 'reset', sessionId, reason });
    this.#options.tell({ name: 'reset', data, isDelta: false });
  }

  /** All of it in one tick: what happens next is heard as it happens. */
  #goOn(missed: Missed, from: Position | undefined): void {
    const { key, feed, tell } = this.#options;
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const { name, data, behind } of missed.events) {
      this.#position = behind;
      tell({ name, data, isDelta: false });
    }
    this.#position = missed.position;
    const over = new Set(missed.ended);
    for (const publication of early) {
      const { body, turnId } = publication.event;
      if (body.type === 'turn.finished' && !over.has(turnId)) {
        over.add(turnId);
        this.#tell(publication);
      } else if (
        (body.type === 'message' || body.type === 'turn.accepted') &&
        body.seq > this.#position.seq
      )
        this.#tell(publication);
    }
    if (from === undefined) return this.#since(early, over);
    for (const turnId of new Set([...missed.open, ...early.map(({ event }) => event.turnId)])) {
      const recent = over.has(turnId) ? undefined : feed.recent(key, turnId);
      for (const publication of recent?.publications ?? [])
        if (!isBehind(from.running, publication.event)) this.#tell(publication);
    }
  }

  /** Of a reader that has missed nothing: what was said while its place was looked up. */
  #since(early: readonly Publication[], over: ReadonlySet<string>): void {
    for (const publication of early) {
      const { turnId, body } = publication.event;
      const isStored =
        body.type === 'message' || body.type === 'turn.accepted' || body.type === 'turn.finished';
      if (!isStored && !over.has(turnId)) this.#tell(publication);
    }
  }

  #tell(publication: Publication): void {
    const { event } = publication;
    this.#position = positionBehind(this.#position, event);
    const { type } = event.body;
    this.#options.tell({ name: type, data: publication.bytes, isDelta: type === 'delta' });
  }
}
