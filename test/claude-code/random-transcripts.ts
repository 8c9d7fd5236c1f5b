/**
 * Transcripts as Claude Code writes them, made up from a seed: prompts, answers, parallel tools, links of
 * every kind, progress told late, rewinds, and compactions that keep nothing, a segment, or messages.
 */
import fc from 'fast-check';
import { assistant, call, link, result, said, user } from './records.ts';

type Step =
  | { readonly type: 'prompt' | 'answer' | 'notice' | 'hook' | 'queued' | 'meta' }
  | { readonly type: 'progress' | 'rewind'; readonly back: number }
  | {
      readonly type: 'tools';
      readonly count: number;
      readonly shuffle: number;
      readonly on: number;
    }
  | {
      readonly type: 'compact';
      readonly keeps: 'none' | 'segment' | 'messages';
      readonly kept: number;
      readonly onTail: boolean;
    };

const plain = fc.record({
  type: fc.constantFrom('prompt', 'answer', 'notice', 'hook', 'queued', 'meta'),
}) as fc.Arbitrary<Step>;
const backwards = fc.record({
  type: fc.constantFrom('progress', 'rewind'),
  back: fc.nat(6),
}) as fc.Arbitrary<Step>;
const tools: fc.Arbitrary<Step> = fc.record({
  type: fc.constant('tools' as const),
  count: fc.integer({ min: 1, max: 3 }),
  shuffle: fc.nat(5),
  on: fc.nat(2),
});
const compact: fc.Arbitrary<Step> = fc.record({
  type: fc.constant('compact' as const),
  keeps: fc.constantFrom('none', 'segment', 'messages'),
  kept: fc.integer({ min: 1, max: 4 }),
  onTail: fc.boolean(),
});

interface Written {
  readonly uuid: string;
  readonly parentUuid: string | null;
  readonly type: string;
}

/** Writes records one after the other; `tip` is where the conversation stands. */
class Writer {
  readonly records: Written[] = [];
  /** Chain from the last compaction on. */
  #chain: Written[] = [];

  play(step: Step): void {
    switch (step.type) {
      case 'prompt':
        return void this.#say(user(this.#uuid(), this.#tip, `prompt ${this.records.length}`));
      case 'meta':
        return void this.#say(user(this.#uuid(), this.#tip, 'put in', { isMeta: true }));
      case 'answer':
        return void this.#say(
          assistant(this.#uuid(), this.#tip, this.#uuid(), said(`answer ${this.records.length}`)),
        );
      case 'notice':
        return void this.#say(
          link(this.#uuid(), this.#tip, 'system', { subtype: 'turn_duration' }),
        );
      case 'hook':
        return void this.#say(this.#attachment('hook_success'));
      case 'queued':
        // The SDK leaves out words from the queue that a prompt follows; ours are always there.
        this.#say(this.#attachment('queued_command'));
        return this.play({ type: 'answer' });
      case 'progress':
        return this.#late(step.back);
      case 'rewind':
        return this.#rewind(step.back);
      case 'tools':
        return this.#tools(step.count, step.shuffle, step.on);
      case 'compact':
        return this.#compact(step.keeps, step.kept, step.onTail);
    }
  }

  get #tip(): string | null {
    return this.#chain.at(-1)?.uuid ?? null;
  }

  #uuid(): string {
    return `r${this.records.length}`;
  }

  #attachment(type: string): Written {
    const attachment = { type, prompt: 'be quick', content: '' };
    return link(this.#uuid(), this.#tip, 'attachment', { attachment });
  }

  #write<Line extends Written>(line: Line): Line {
    const atMs = Date.UTC(2026, 7, 1) + this.records.length * 1_000;
    this.records.push({ ...line, timestamp: new Date(atMs).toISOString() } as Written);
    return line;
  }

  #say(line: Written): void {
    this.#chain.push(this.#write(line));
  }

  #late(back: number): void {
    const before = this.#chain.at(-1 - back);
    if (before !== undefined) this.#write(link(this.#uuid(), before.uuid, 'progress'));
  }

  /** Back to an answer that no tool uses wait in. */
  #rewind(back: number): void {
    const answers = this.#chain.filter(
      ({ type, uuid }) => type === 'assistant' && !uuid.startsWith('t'),
    );
    const to = answers.at(-1 - back);
    if (to === undefined) return;
    this.#chain = this.#chain.slice(0, this.#chain.indexOf(to) + 1);
    this.play({ type: 'prompt' });
  }

  /** Each use hangs on the one before it, each result on its use; the chain goes on from one of the results. */
  #tools(count: number, shuffle: number, on: number): void {
    if (this.#tip === null) return;
    const id = `m${this.records.length}`;
    const uses: Written[] = [];
    for (let n = 0; n < count; n += 1) {
      const uuid = `t${this.records.length}`;
      const parent = uses.at(-1)?.uuid ?? this.#tip;
      uses.push(this.#write(assistant(uuid, parent, id, call(`call_${uuid}`))));
    }
    const order = shuffle % 2 === 0 ? uses : uses.toReversed();
    const results = order.map((use) =>
      this.#write(user(this.#uuid(), use.uuid, [result(`call_${use.uuid}`)])),
    );
    const last = results[on % results.length];
    const place = uses.findIndex(({ uuid }) => uuid === last?.parentUuid);
    this.#chain.push(...uses.slice(0, place + 1), ...(last === undefined ? [] : [last]));
    this.play({ type: 'answer' });
  }

  #compact(keeps: 'none' | 'segment' | 'messages', count: number, onTail: boolean): void {
    const kept = keeps === 'none' ? [] : this.#chain.slice(-count);
    const isWhole = kept.length > 0 && this.#chain.length > kept.length;
    const n = this.records.length;
    const anchorUuid = `s${n}`;
    const metadata = !isWhole ? {} : keptBy(keeps, anchorUuid, kept);
    const fields = { subtype: 'compact_boundary', compactMetadata: metadata };
    const boundary = this.#write(link(`b${n}`, null, 'system', fields));
    const flags = { isCompactSummary: true, isVisibleInTranscriptOnly: true };
    const summary = this.#write(user(anchorUuid, boundary.uuid, `summary ${n}`, flags));
    this.#chain = [boundary, summary, ...(isWhole ? kept : [])];
    if (isWhole && !onTail) {
      this.#chain = [boundary, summary];
      this.play({ type: 'prompt' });
      this.#chain = [boundary, summary, ...kept, ...this.#chain.slice(2)];
    } else this.play({ type: 'prompt' });
  }
}

const keptBy = (
  keeps: 'none' | 'segment' | 'messages',
  anchorUuid: string,
  kept: readonly Written[],
): object => {
  const uuids = kept.map(({ uuid }) => uuid);
  return keeps === 'segment'
    ? { preservedSegment: { headUuid: uuids[0], anchorUuid, tailUuid: uuids.at(-1) } }
    : { preservedMessages: { anchorUuid, uuids, allUuids: uuids } };
};

export const transcripts: fc.Arbitrary<readonly object[]> = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: plain },
      { weight: 3, arbitrary: tools },
      { weight: 2, arbitrary: backwards },
      { weight: 1, arbitrary: compact },
    ),
    { minLength: 1, maxLength: 30 },
  )
  .map((steps) => {
    const writer = new Writer();
    for (const step of [{ type: 'prompt' } as const, ...steps, { type: 'prompt' } as const])
      writer.play(step);
    return writer.records;
  });
