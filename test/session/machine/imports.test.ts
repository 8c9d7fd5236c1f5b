/** Foreign lines as the machine takes them: imported, given up to another session, settled, dropped. */
import { describe, expect, it } from 'vitest';
import type { Head } from '../../../src/model/head.ts';
import { emptyUsage } from '../../../src/model/usage.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import type { ImportDelta, Input } from '../../../src/session/machine/input.ts';
import type { Settled, Yielded } from '../../../src/session/transfer/response-owner.ts';
import { bytes, effects, fresh, NOW, prompt, RULES, run, written } from './support.ts';

const there = (fields: Partial<Head>): Head => ({ ...fresh().head, version: 3, ...fields });
const to = (head: Head, input: Input) => apply({ head, cancelling: undefined }, input, RULES, NOW);

const line = (text: string) => ({ atMs: 7, body: bytes(text) });
const response = { responseKey: 'r', record: { costNanoUsd: 1 } };
const owner = { sessionId: 's', isCopy: false, endsAtMs: null } as const;
const claim = { responseKey: 'r', was: undefined, now: owner } as ImportDelta['claims'][number];

const importOf = (before: Head, fields: Partial<ImportDelta> = {}): Input => ({
  type: 'import',
  delta: {
    ...{ subpath: '', lines: [line('a'), line('b')], stream: { subpath: '', seq: 2 } },
    ...{ totalLines: 2, responses: [response], claims: [claim], contested: [], by: 'me' },
    ...{ isNewStream: true, head: { ...before, version: 1, costNanoUsd: 1 } },
    ...fields,
  },
});

describe('an import', () => {
  it('writes its lines, numbered to the end of the stream, and what it knows of the file', () => {
    const before = fresh().head;
    const { writes, state, answer } = to(before, importOf(before));
    expect(writes.map(({ type }) => type)).toEqual([
      ...['entry', 'entry', 'stream', 'response', 'claim', 'audit'],
    ]);
    expect(writes.slice(0, 2)).toEqual([
      { type: 'entry', subpath: '', entry: { kind: 'imported', seq: 1, ...line('a') } },
      { type: 'entry', subpath: '', entry: { kind: 'imported', seq: 2, ...line('b') } },
    ]);
    expect(state.head).toMatchObject({ seq: 2, costNanoUsd: 1, sideTranscripts: 0 });
    expect(answer).toEqual({ type: 'imported', lines: 2, added: 2, contested: [] });
  });

  it('that makes the session is audited, and later ones are not', () => {
    expect(to(fresh().head, importOf(fresh().head)).writes.at(-1)).toMatchObject({
      record: { action: 'imported', by: 'me' },
    });
    const before = there({ seq: 0 });
    expect(to(before, importOf(before)).writes.map(({ type }) => type)).not.toContain('audit');
  });

  it('of the main transcript changes what the model sees, of a side transcript does not', () => {
    const before = there({ seq: 9 });
    expect(effects(to(before, importOf(before)))).toEqual(['forgetContext']);
    const side = to(before, importOf(before, { subpath: 'agent-1' }));
    expect(side.effects).toEqual([]);
    expect(side.state.head).toMatchObject({ seq: 9, sideTranscripts: 1 });
  });

  it('counts a side transcript once', () => {
    const before = there({ sideTranscripts: 1 });
    const more = importOf(before, { subpath: 'agent-1', isNewStream: false });
    expect(to(before, more).state.head.sideTranscripts).toBe(1);
  });

  it('of what is stored already changes nothing, not even while a turn is open', () => {
    const { state } = run(prompt('a'));
    const again = importOf(state.head, { head: state.head, lines: [], totalLines: 2 });
    const change = to(state.head, again);
    expect(change).toMatchObject({ writes: [], effects: [], state: { head: state.head } });
    expect(change.answer).toEqual({ type: 'imported', lines: 2, added: 0, contested: [] });
  });

  it('of a side transcript is taken while a turn is open', () => {
    const { state } = run(prompt('a'));
    const side = importOf(state.head, { subpath: 'agent-1' });
    expect(written(to(state.head, side))).toContain('stream');
  });
});

const offer = { responseKey: 'r', to: 'other', isCopy: false, endsAtMs: null };

describe('a response that another session has a better claim to', () => {
  const yielded: Yielded = {
    ...{ responses: [response], claims: [claim], offers: [offer] },
    spent: { usage: { ...emptyUsage, inputTokens: 2 }, costNanoUsd: 30, unpricedAnswers: 1 },
  };
  const rich = there({
    ...{ costNanoUsd: 100, unpricedAnswers: 3, inheritedCostNanoUsd: 5, updatedAtMs: 77 },
    usage: { ...emptyUsage, inputTokens: 10 },
  });

  it('is given up with what it cost, which is inherited from then on, and offered', () => {
    const { writes, state, answer } = to(rich, { type: 'yield', yielded });
    expect(writes).toEqual([
      { type: 'response', response },
      { type: 'claim', claim },
    ]);
    expect(state.head).toMatchObject({
      ...{ costNanoUsd: 70, unpricedAnswers: 2, inheritedCostNanoUsd: 35, offers: [offer] },
      ...{ usage: { inputTokens: 8 }, updatedAtMs: 77 },
    });
    expect(answer).toEqual({ type: 'none' });
  });

  it('that is not ours any more is nothing to give up', () => {
    const none = { ...yielded, responses: [], claims: [], offers: [] };
    expect(to(rich, { type: 'yield', yielded: none })).toEqual({
      ...{ state: { head: rich, cancelling: undefined }, writes: [], effects: [] },
      answer: { type: 'none' },
    });
  });

  const spent = {
    ...{ usage: { ...emptyUsage, inputTokens: 12 }, costNanoUsd: 130, unpricedAnswers: 3 },
    inheritedCostNanoUsd: 4,
  };
  const settled: Settled = { responses: [response], claims: [claim], spent, offers: [] };

  it('is taken back with what it cost, and is offered no more', () => {
    const before = { ...rich, offers: [offer] };
    const { writes, state, answer } = to(before, { type: 'settle', settled });
    expect(writes).toEqual([
      { type: 'response', response },
      { type: 'claim', claim },
    ]);
    expect(state.head).toMatchObject({ ...spent, updatedAtMs: 77 });
    expect(state.head.offers).toBeUndefined();
    expect(answer).toEqual({ type: 'none' });
  });

  it('leaves the other offers as they are', () => {
    const other = { ...offer, responseKey: 'q' };
    const input: Input = { type: 'settle', settled: { ...settled, offers: [other] } };
    expect(to({ ...rich, offers: [offer, other] }, input).state.head.offers).toEqual([other]);
  });

  it('that stays offered, or never was, changes nothing', () => {
    const same: Input = { type: 'settle', settled: { ...settled, offers: [offer] } };
    const before = { ...rich, offers: [offer] };
    expect(to(before, same)).toMatchObject({ writes: [], state: { head: before } });
    expect(to(rich, { type: 'settle', settled })).toMatchObject({
      writes: [],
      state: { head: rich },
    });
  });
});

describe('a side transcript', () => {
  it('is dropped, counted no more, and said to have been there', () => {
    const drop = { subpath: 'agent-1', marks: 'm' };
    const { writes, state, answer } = to(there({ sideTranscripts: 2 }), { type: 'drop', drop });
    expect(writes).toEqual([{ type: 'drop', drop }]);
    expect(state.head.sideTranscripts).toBe(1);
    expect(answer).toEqual({ type: 'dropped', wasThere: true });
  });

  it('that is not there cannot be dropped, and nothing is written', () => {
    const before = there({ sideTranscripts: 2 });
    const { writes, state, answer } = to(before, { type: 'drop', drop: undefined });
    expect([writes, state.head]).toEqual([[], before]);
    expect(answer).toEqual({ type: 'dropped', wasThere: false });
  });
});
