/** What becomes of the machine's writes: each goes into its own list of the change that is committed. */
import { describe, expect, it } from 'vitest';
import type { Head } from '../../../src/model/head.ts';
import { type Folded, toChange } from '../../../src/session/machine/fold.ts';
import type { Write } from '../../../src/session/machine/machine.ts';
import { bytes, fresh } from './support.ts';

const fence = { owner: 'me', epoch: 1 };
const before = { ...fresh(), head: { ...fresh().head, version: 3 } };
const folded = (writes: readonly Write[], fields: Partial<Head> = {}): Folded<unknown> => ({
  ...{ writes, effects: [], answers: [], refusals: [] },
  state: { head: { ...before.head, version: 4, ...fields }, cancelling: undefined },
});

const audit = { kind: 'lifecycle', action: 'created', atMs: 1, by: 'me' } as const;
const entry = (seq: number) => ({ kind: 'imported' as const, seq, atMs: 1, body: bytes('{}') });
const owner = { sessionId: 's', isCopy: false, endsAtMs: null } as never;

describe('a change', () => {
  it('has every write in the list of its kind', () => {
    const stream = { subpath: 'side', seq: 1 };
    const response = { responseKey: 'r', record: 1 };
    const claim = { responseKey: 'r', was: undefined, now: owner };
    const drop = { subpath: 'side', marks: 'm' };
    const origin = { parent: before.head.key, parentVersion: 2 };
    const turn = { turnId: 't' } as never;
    const all = folded([
      { type: 'entry', subpath: '', entry: entry(1) },
      { type: 'entry', subpath: 'side', entry: entry(1) },
      { type: 'entry', subpath: '', entry: entry(2) },
      { type: 'turn', record: turn },
      { type: 'newTurn', turnId: 't' as never },
      { type: 'stream', record: stream },
      { type: 'response', response },
      { type: 'claim', claim },
      { type: 'claim', claim },
      { type: 'drop', drop },
      { type: 'drop', drop },
      { type: 'audit', record: audit },
      { type: 'pastAudit', record: { ...audit, by: 'other' } },
      { type: 'fork', origin },
    ]);
    expect(toChange(before, all, fence)).toEqual({
      ...{ kind: 'write', key: before.head.key, fence, expectedVersion: 3, head: all.state.head },
      appends: [
        { subpath: '', entries: [entry(1), entry(2)] },
        { subpath: 'side', entries: [entry(1)] },
      ],
      ...{ turns: [turn], newTurnIds: ['t'], streams: [stream], responses: [response] },
      ...{ claims: [claim, claim], drops: [drop, drop], fork: origin, dues: undefined },
      audit: [audit, { ...audit, by: 'other' }],
    });
  });

  it('has nothing of what was not written', () => {
    const change = toChange(before, folded([]), fence);
    expect(change).toMatchObject({
      ...{ appends: [], turns: [], newTurnIds: [], streams: [], responses: [], audit: [] },
    });
    for (const name of ['claims', 'drops', 'fork']) expect(change).not.toHaveProperty(name);
  });

  it('is none where the head is the one that was', () => {
    const same = { ...folded([]), state: before };
    expect(toChange(before, same, fence)).toBeUndefined();
  });

  it('takes the moment that is not due any more out of the index, and puts the new one in', () => {
    const waiting = (dueMs: number) => ({
      openTurns: [{ phase: { kind: 'waiting', for: 'retry', dueMs } }] as never,
    });
    const at = (dueMs: number) => ({ ...before, head: { ...before.head, ...waiting(dueMs) } });
    const due = (atMs: number) => ({ kind: 'retry', atMs });
    const duesFrom = (was: typeof before, is: Partial<Head>) =>
      toChange(was, folded([], is), fence)?.dues;
    expect(duesFrom(before, waiting(5))).toEqual({ added: [due(5)], removed: [] });
    expect(duesFrom(at(5), waiting(7))).toEqual({ added: [due(7)], removed: [due(5)] });
    expect(duesFrom(at(5), waiting(5))).toEqual({ added: [], removed: [] });
    expect(duesFrom(at(5), {})).toEqual({ added: [], removed: [due(5)] });
  });

  it('of a deleted session names its tombstone, its audit, and what it shares as a fork', () => {
    const writes: Write[] = [
      { type: 'audit', record: audit },
      { type: 'delete', tombstoneUntilMs: 9 },
    ];
    const deletion = {
      ...{ kind: 'delete', key: before.head.key, fence, expectedVersion: 3, audit: [audit] },
      ...{ dues: undefined, tombstoneUntilMs: 9 },
    };
    expect(toChange(before, folded(writes), fence)).toEqual(deletion);
    const segments = [{ sessionId: 'p', throughSeq: 2 }];
    const forked = { ...before, head: { ...before.head, segments } };
    expect(toChange(forked, folded(writes), fence)).toEqual({ ...deletion, segments });
  });
});
