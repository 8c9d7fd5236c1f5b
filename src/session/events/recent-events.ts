/**
 * What each open turn has said since its last message: who joins a turn in the middle of an answer is given its
 * beginning. It owns these events, and nothing that is stored.
 *
 * 1. Of a turn it has everything since the last message (or since the attempt began), or nothing.
 * 2. It is bounded, by turn and in all. A turn that says more between two messages is forgotten until its next one.
 */
import type { SessionEvent } from '../../model/event.ts';
import type { TurnId } from '../../model/ids.ts';
import { ChurnMap } from '../../platform/churn-map.ts';

/** Events that are kept of one turn, and bytes that all of them may take, about. */
export const MAX_EVENTS = 4_096;
export const MAX_BYTES = 32 * 1024 * 1024;
/** What an event takes without its text. */
const EVENT_BYTES = 512;

/** What was said, in whatever wrapping. */
interface Said {
  readonly event: SessionEvent;
}

/** Since when, and what. */
export interface Recent<P extends Said> {
  readonly attempt: number;
  /** `seq` of the message, or the prompt, that the events stand behind. */
  readonly after: number;
  readonly publications: readonly P[];
}

interface Kept<P> {
  readonly turnId: TurnId;
  hasStarted: boolean;
  attempt: number;
  /** undefined: it is not known, or too much was said. */
  after: number | undefined;
  publications: P[];
  bytes: number;
}

export class RecentEvents<P extends Said> {
  /** Open turns by session: one runs, some may wait. */
  readonly #sessions = new ChurnMap<string, Kept<P>[]>();
  #bytes = 0;

  /** About what they take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param name of the event's session. */
  note(name: string, publication: P): void {
    const { event } = publication;
    if (event.n === 0) return;
    const { type } = event.body;
    if (type === 'turn.finished') return this.#forget(name, event.turnId);
    const kept = this.#keptOf(name, event);
    if (type === 'turn.started') this.#started(name, kept, event.lastSeq);
    if (type === 'turn.accepted' || type === 'message') this.#beginBehind(kept, event);
    else this.#keep(kept, publication);
  }

  /** undefined: nothing that could be joined in its middle. */
  of(name: string, turnId: TurnId): Recent<P> | undefined {
    const kept = this.#sessions.get(name)?.find((one) => one.turnId === turnId);
    if (kept?.after === undefined) return undefined;
    return { attempt: kept.attempt, after: kept.after, publications: [...kept.publications] };
  }

  #keptOf(name: string, { turnId, attempt }: SessionEvent): Kept<P> {
    const turns = this.#sessions.get(name) ?? [];
    if (turns.length === 0) this.#sessions.set(name, turns);
    let kept = turns.find((one) => one.turnId === turnId);
    if (kept === undefined) {
      kept = { turnId, hasStarted: false, attempt, after: undefined, publications: [], bytes: 0 };
      turns.push(kept);
    }
    // What an attempt said goes with it; what is stored stays.
    if (kept.attempt !== attempt) this.#empty(kept);
    kept.attempt = attempt;
    return kept;
  }

  /** One turn of a session runs at a time: an earlier one has ended, though its actor may have died before it said so. */
  #started(name: string, started: Kept<P>, lastSeq: number | undefined): void {
    started.hasStarted = true;
    // Of an attempt that another process began.
    started.after ??= lastSeq;
    for (const kept of this.#sessions.get(name)?.slice() ?? [])
      if (kept !== started && kept.hasStarted) this.#forget(name, kept.turnId);
  }

  #beginBehind(kept: Kept<P>, { body }: SessionEvent): void {
    this.#empty(kept);
    if (body.type === 'turn.accepted' || body.type === 'message') kept.after = body.seq;
  }

  #keep(kept: Kept<P>, publication: P): void {
    if (kept.after === undefined) return;
    const bytes = bytesOf(publication.event);
    if (kept.publications.length === MAX_EVENTS || this.#bytes + bytes > MAX_BYTES) {
      this.#empty(kept);
      kept.after = undefined;
      return;
    }
    kept.publications.push(publication);
    kept.bytes += bytes;
    this.#bytes += bytes;
  }

  #empty(kept: Kept<P>): void {
    this.#bytes -= kept.bytes;
    kept.bytes = 0;
    kept.publications = [];
  }

  #forget(name: string, turnId: TurnId): void {
    const turns = this.#sessions.get(name) ?? [];
    const at = turns.findIndex((one) => one.turnId === turnId);
    const kept = turns[at];
    if (kept === undefined) return;
    this.#empty(kept);
    turns.splice(at, 1);
    if (turns.length === 0) this.#sessions.delete(name);
  }
}

const bytesOf = ({ body }: SessionEvent): number => {
  switch (body.type) {
    case 'delta':
      return EVENT_BYTES + 3 * (body.text ?? body.thinking ?? body.inputJson ?? '').length;
    case 'tool.started':
    case 'permission.requested':
      return EVENT_BYTES + 3 * JSON.stringify(body.input ?? null).length;
    default:
      return EVENT_BYTES;
  }
};
