/** From where to where each turn of a session reaches; an open one has no end. */
import type { Entry } from '../../model/entry.ts';
import type { Head } from '../../model/head.ts';
import { inheritedThrough } from '../../model/segments.ts';

export class TurnSpans {
  readonly #inherited: number;
  readonly #spans = new Map<string, { readonly first: number; last: number }>();

  constructor({ openTurns, segments }: Head) {
    this.#inherited = inheritedThrough(segments);
    for (const { turnId, seq } of openTurns)
      this.#spans.set(turnId, { first: seq, last: Number.POSITIVE_INFINITY });
  }

  add(entry: Entry): void {
    if (entry.kind !== 'message' || entry.turnId === undefined) return;
    // A turn of the parent's is another than one of the same id here.
    const turn = entry.seq <= this.#inherited ? `/${entry.turnId}` : entry.turnId;
    const span = this.#spans.get(turn);
    if (span === undefined) this.#spans.set(turn, { first: entry.seq, last: entry.seq });
    else span.last = Math.max(span.last, entry.seq);
  }

  /** The last place up to `wanted` that no turn reaches over. */
  cleanCut(wanted: number): number {
    let cut = wanted;
    const latestFirst = [...this.#spans.values()].sort((a, b) => b.first - a.first);
    for (let moved = true; moved; ) {
      moved = false;
      for (const { first, last } of latestFirst)
        if (first <= cut && cut < last) {
          cut = first - 1;
          moved = true;
        }
    }
    return cut;
  }

  /** What turns that go on behind a cut began with; in order. */
  promptsOver(cut: number): readonly number[] {
    return [...this.#spans.values()]
      .flatMap(({ first, last }) => (first <= cut && cut < last ? [first] : []))
      .sort((a, b) => a - b);
  }

  /** Where turns of more than one entry begin and end; an open one does not. */
  edges(): { readonly beginnings: ReadonlySet<number>; readonly ends: ReadonlySet<number> } {
    const long = [...this.#spans.values()].filter(({ first, last }) => first < last);
    return {
      beginnings: new Set(long.map(({ first }) => first)),
      ends: new Set(long.map(({ last }) => last)),
    };
  }
}
