/** A chunk of an export as an input of the state machine. */
import { describe, expect, it } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { apply } from '../../src/session/machine/apply.ts';
import type { LifecycleRecord } from '../../src/session/ports/journal.ts';
import { IMPORTED_BY } from '../../src/session/transfer/format.ts';
import { freshState, RULES } from './random-life.ts';

const record = (action: LifecycleRecord['action'], by: string): LifecycleRecord => ({
  ...{ kind: 'lifecycle', action, atMs: 1, by },
});
const nothing = { entries: [], streams: [], responses: [], claims: [], turns: [], audit: [] };

describe('a restored session', () => {
  const half = {
    ...freshState().head,
    version: 1,
    transfer: { lines: 3, digest: 'd', firstDigest: 'f' },
  };

  it('tells the import as news, and what had happened elsewhere to nobody', () => {
    const audit = [record('created', 'create'), record('imported', IMPORTED_BY)];
    const restored = { ...nothing, audit, head: half, added: 3 };
    const { writes } = apply(freshState(), { type: 'restore', restored }, RULES, 5);
    expect(writes.map(({ type }) => type)).toEqual(['pastAudit', 'audit']);
  });

  it('has every record of the export in its place, and no context that was built before', () => {
    const entry = { kind: 'imported', seq: 1, atMs: 1, body: Buffer.from('{}') } as const;
    const all = {
      entries: [{ subpath: 'side', entry }],
      streams: [{ subpath: 'side', seq: 1 }],
      responses: [{ responseKey: 'r', record: 1 }],
      claims: [{ responseKey: 'r', was: undefined, now: 'owner' as never }],
      turns: [{ turnId: 't' } as never],
      audit: [record('imported', 'somebody else'), record('created', IMPORTED_BY)],
    };
    const restored = { ...all, head: half, added: 3 };
    const { writes, effects, state } = apply(freshState(), { type: 'restore', restored }, RULES, 5);
    expect(writes).toEqual([
      { type: 'entry', subpath: 'side', entry },
      { type: 'stream', record: all.streams[0] },
      { type: 'response', response: all.responses[0] },
      { type: 'claim', claim: all.claims[0] },
      { type: 'turn', record: all.turns[0] },
      ...all.audit.map((past) => ({ type: 'pastAudit', record: past })),
    ]);
    expect(effects).toEqual([{ type: 'forgetContext' }]);
    expect(state.head).toEqual(half);
  });

  it('takes nothing but the rest of it, and its deletion, until it is whole', () => {
    const state = { head: half, cancelling: undefined };
    expect(() => apply(state, { type: 'tag', tags: ['x'] }, RULES, 5)).toThrow(GreenroomError);
    const restored = { ...nothing, head: half, added: 0 };
    expect(apply(state, { type: 'restore', restored }, RULES, 5).writes).toEqual([]);
    const gone = apply(
      state,
      { type: 'delete', by: 'x', ifVersion: undefined, tombstoneMs: 1 },
      RULES,
      5,
    );
    expect(gone.writes.map(({ type }) => type)).toContain('delete');
    const whole = {
      head: { ...half, transfer: { ...half.transfer, isDone: true } },
      cancelling: undefined,
    };
    expect(apply(whole, { type: 'tag', tags: ['x'] }, RULES, 5).state.head.tags).toEqual(['x']);
  });
});
