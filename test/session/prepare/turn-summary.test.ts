/**
 * Random lives of a session that is summed up again and again, whenever its turn is about to call the model: what the model
 * sees obeys the API's rules, the prompt under way stays, and whoever reads from the compaction on sees what whoever
 * reads everything sees.
 */
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { firstSeenSeq, type Head } from '../../../src/model/head.ts';
import { awaitedModelRun } from '../../../src/model/turn.ts';
import { emptyUsage } from '../../../src/model/usage.ts';
import { modelMessages } from '../../../src/session/context/model-messages.ts';
import { USUAL_CONTEXT, windowOf } from '../../../src/session/context/window.ts';
import { Slabs } from '../../../src/session/memory/slabs.ts';
import type { StepOutcome } from '../../../src/session/ports/executor.ts';
import type { EntryRange, SessionReader } from '../../../src/session/ports/journal.ts';
import { OwedResults } from '../../../src/session/prepare/summary-cut.ts';
import { TurnSpans } from '../../../src/session/prepare/turn-spans.ts';
import { turnSummary } from '../../../src/session/prepare/turn-summary.ts';
import { validateMessagesRequest } from '../../support/api-rules.ts';
import { type Said, said as saying, World } from '../random-life.ts';

const MODEL = 'claude-sonnet-5';

/** As the journal reads it. */
const readerOf = ({ entries }: World): SessionReader =>
  ({
    entries: async ({ from = 1, to = entries.length, limit = 100 }: EntryRange) =>
      entries.filter(({ seq }) => seq >= from && seq <= to).slice(0, limit),
  }) as unknown as SessionReader;

/** Uses of tools have names of their own in each answer, as from the API. */
const renamed = (one: Said, n: number): Said => {
  if (!('outcome' in one) || one.outcome.type !== 'message') return one;
  const { outcome } = one;
  const body = Buffer.from(
    Buffer.from(outcome.body)
      .toString()
      .replaceAll(/"tu(\d)"/g, `"tu$1_${n}"`),
  );
  const toolUses = outcome.toolUses.map((use) => ({ ...use, id: `${use.id}_${n}` }));
  return { ...one, outcome: { ...outcome, body, toolUses } };
};

const SUMMARY: StepOutcome = {
  ...{ type: 'message', text: 'so far', toolUses: [], stopReason: 'end_turn', messageId: 'sum' },
  ...{ body: Buffer.from('{}'), model: MODEL, provider: 'rehearsal', usage: emptyUsage },
  costNanoUsd: 0,
};

/** What a wake reads. */
const fromCompactionOn = ({ compaction, ...head }: Head, { entries }: World) => {
  const from = firstSeenSeq({ ...head, compaction });
  const kept = compaction?.keptSeqs ?? [];
  return entries.filter(({ seq }) => seq >= from || kept.includes(seq));
};

const textsOf = (messages: readonly Uint8Array[]): string[] =>
  messages.map((message) => Buffer.from(message).toString());

const violationsOf = (messages: readonly unknown[]) =>
  validateMessagesRequest({ model: MODEL, max_tokens: 1, messages });

const parsed = (messages: readonly Uint8Array[]) =>
  textsOf(messages).map((text): unknown => JSON.parse(text));

/** Sums up what it can, if the first turn awaits the model. @returns whether there was anything. */
const sumUp = async (
  world: World,
  sizes: { readonly limit: number; readonly must: boolean },
): Promise<boolean> => {
  const { head } = world.state;
  const [first] = head.openTurns;
  const runId = first && awaitedModelRun(first);
  if (first === undefined || runId === undefined) return false;
  const settings = { windowTokens: 2 * sizes.limit, compactAtTokens: sizes.limit };
  const turn = { ...first, room: sizes.must ? ({ must: true } as const) : undefined };
  const summary = await turnSummary({
    ...{ session: readerOf(world), head, turn, model: MODEL },
    window: windowOf(settings, undefined, USUAL_CONTEXT),
    ...{ slabs: new Slabs(), historian: undefined, rest: async () => {} },
  });
  if (summary === undefined) return false;
  const { slab, byteOffset, byteLength } = summary.context.slice();
  const asked = Buffer.from(slab.buffer, byteOffset, byteLength).toString();
  expect(violationsOf(JSON.parse(`[${asked}]`))).toEqual([]);
  summary.context.free();
  const place = summary.cut;
  const facts = { retries: 0, outcome: SUMMARY, summary: 'so far', place, tokens: 1, bytes: 0 };
  world.commit([{ input: { type: 'summed', runId, ...facts } }]);
  return true;
};

const check = (world: World): void => {
  const { head } = world.state;
  const read = fromCompactionOn(head, world);
  const [first] = head.openTurns;
  const options = first === undefined ? {} : { throughTurnId: first.turnId };
  const { messages } = modelMessages(world.entries, options);
  expect(textsOf(modelMessages(read, options).messages)).toEqual(textsOf(messages));
  if (first === undefined || awaitedModelRun(first) === undefined) return;
  expect(violationsOf(parsed(messages))).toEqual([]);
  const prompt = world.entries.find(({ seq }) => seq === first.seq);
  if (prompt?.kind === 'message')
    expect(textsOf(messages)).toContain(Buffer.from(prompt.body).toString());
};

const life = fc.array(
  fc.record({
    one: saying,
    sizes: fc.option(fc.record({ limit: fc.integer({ min: 8, max: 100 }), must: fc.boolean() }), {
      freq: 2,
      nil: undefined,
    }),
  }),
  { minLength: 10, maxLength: 60 },
);

/** @returns how many summaries there were. */
const play = async (numRuns: number): Promise<number> => {
  let made = 0;
  await fc.assert(
    fc.asyncProperty(life, async (moves) => {
      const world = new World();
      for (const [n, { one, sizes }] of moves.entries()) {
        world.commit([renamed(one, n)]);
        if (sizes !== undefined && (await sumUp(world, sizes))) made += 1;
        check(world);
      }
    }),
    { numRuns },
  );
  return made;
};

const MUTANT_RUNS = 2_000;
const RUNS = process.env['GREENROOM_FULL'] === '1' ? 5_000 : 150;

describe('a session that is summed up in its turns', () => {
  it('shows the model what the API takes, and the same to whoever wakes it', async () => {
    expect(await play(RUNS)).toBeGreaterThan(RUNS / 4);
  }, 600_000);

  it('would notice that uses of tools and their results are torn apart', async () => {
    vi.spyOn(OwedResults.prototype, 'size', 'get').mockReturnValue(0);
    onTestFinished(() => void vi.restoreAllMocks());
    await expect(play(MUTANT_RUNS)).rejects.toThrow();
  }, 600_000);

  it('would notice that prompts of turns under way are not kept', async () => {
    vi.spyOn(TurnSpans.prototype, 'promptsOver').mockReturnValue([]);
    onTestFinished(() => void vi.restoreAllMocks());
    await expect(play(MUTANT_RUNS)).rejects.toThrow();
  }, 600_000);
});
