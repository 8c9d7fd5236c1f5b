/** Forks and compactions: what a fork begins with and what it does not take along, and what a summary stands for. */
import { describe, expect, it } from 'vitest';
import { type Head, newHead } from '../../../src/model/head.ts';
import { sessionKey, type TurnId } from '../../../src/model/ids.ts';
import { emptyUsage } from '../../../src/model/usage.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import type { Input, NewCompaction } from '../../../src/session/machine/input.ts';
import type { NewFork } from '../../../src/session/machine/new-fork.ts';
import { bytes, effects, fresh, NOW, prompt, RULES, run, said, step, written } from './support.ts';

const rollback = { type: 'rollback', fromSeq: 3, throughSeq: 3, turnId: 't' as TurnId } as const;

const parentWith = (fields: Partial<Head>): Head => ({
  ...newHead(sessionKey('default', 'p'), 0),
  ...{ version: 4, seq: 9, messageCount: 9 },
  ...fields,
});
const forkOf = (parent: Head, fields: Partial<NewFork> = {}) =>
  apply(
    fresh(),
    {
      type: 'fork',
      fork: {
        ...{
          parent,
          atSeq: 9,
          title: undefined,
          messageCount: 9,
          compaction: undefined,
          views: [],
        },
        ...fields,
      },
    },
    RULES,
    NOW,
  );

describe('a fork', () => {
  it('begins where it was told to, as a session of its own that names its parent', () => {
    const { state, writes, answer, ...change } = forkOf(parentWith({}), {
      ...{ atSeq: 5, messageCount: 4 },
    });
    expect(state.head).toMatchObject({
      ...{ version: 1, status: 'idle', mode: 'forked', seq: 5, messageCount: 4 },
      ...{ parent: { sessionId: 'p', seq: 5 }, createdAtMs: NOW, updatedAtMs: NOW },
      segments: [{ sessionId: 'p', throughSeq: 5 }],
    });
    const parent = sessionKey('default', 'p');
    const details = { parent: 'p', atSeq: 5 };
    expect(writes).toEqual([
      { type: 'fork', origin: { parent, parentVersion: 4 } },
      {
        type: 'audit',
        record: { kind: 'lifecycle', action: 'forked', atMs: NOW, by: 'fork', details },
      },
    ]);
    expect(change.effects).toEqual([{ type: 'forgetContext' }]);
    expect(answer).toEqual({ type: 'session' });
  });

  it('of nothing is as new, and shares nothing', () => {
    const { head } = forkOf(parentWith({}), { atSeq: 0, messageCount: 0 }).state;
    expect(head).toMatchObject({ status: 'created', seq: 0 });
    expect(head.segments).toBeUndefined();
  });

  it.each([
    ['is called as it is told to be', 'Mine', { title: 'Tea' }, 'Mine'],
    ['is called after its parent’s title', undefined, { title: 'Tea' }, 'Fork of Tea'],
    ['is called after its parent’s id where that has no title', undefined, {}, 'Fork of p'],
    [
      'has a title that is no longer than a title may be',
      undefined,
      { title: 'x'.repeat(500) },
      `Fork of ${'x'.repeat(492)}`,
    ],
  ])('%s', (_, title, parent, named) => {
    expect(forkOf(parentWith(parent), { title }).state.head.title).toBe(named);
  });

  it('goes on as its parent would', () => {
    const settings = {
      ...{ description: 'd', summary: 's', tags: ['x'], owner: 'o', templateId: 'i' },
      ...{ metadata: { a: 1 }, model: 'm', systemPrompt: 'be kind', maxTokens: 5 },
      ...{ workingDirectory: '/w', permissionMode: 'plan', policies: ['p'], allowedTools: ['a'] },
      ...{ disallowedTools: ['b'], hooks: ['h'], includePartialMessages: false },
      ...{ onBusy: 'reject', retry: { maxRetries: 1 }, limits: { maxTurns: 2 } },
      ...{ provider: 'anthropic', gitBranch: 'main' },
    } as const satisfies Partial<Head>;
    expect(forkOf(parentWith(settings)).state.head).toMatchObject(settings);
  });

  it('takes along neither what names its parent nor what that did', () => {
    const done = {
      ...{ externalKey: 'k', projectKey: 'j', importedAtMs: 5, status: 'failed' },
      ...{ numTurns: 3, toolCallCount: 3, errorCount: 3, retryCount: 3, unpricedAnswers: 2 },
      ...{ costNanoUsd: 7, usage: { ...emptyUsage, inputTokens: 3 }, sideTranscripts: 2 },
      lastError: { code: 'x', message: 'x', retryable: false },
    } as const satisfies Partial<Head>;
    const { head } = forkOf(parentWith(done)).state;
    const { status: _, ...usual } = newHead(head.key, 0);
    const names = Object.keys(done).filter((name) => name !== 'status') as (keyof typeof usual)[];
    for (const name of names) expect([name, head[name]]).toEqual([name, usual[name]]);
  });

  it('has inherited what its parent cost, and what that had inherited', () => {
    const { head } = forkOf(parentWith({ costNanoUsd: 7, inheritedCostNanoUsd: 5 })).state;
    expect(head).toMatchObject({ costNanoUsd: 0, inheritedCostNanoUsd: 12 });
  });

  it('sees what its parent’s model saw: the summary, and not what it must not', () => {
    const compaction = { seq: 4, throughSeq: 3, fromSeq: 4, lastCompactionTurn: 1 };
    const { state, writes } = forkOf(parentWith({}), { compaction, views: [rollback] });
    expect(state.head).toMatchObject({ compaction, seq: 10, messageCount: 9 });
    expect(writes[0]).toEqual({
      ...{ type: 'entry', subpath: '' },
      entry: { kind: 'view', seq: 10, atMs: NOW, view: rollback },
    });
  });
});

const compactTo = (throughSeq: number, fields: Partial<NewCompaction> = {}): Input => ({
  type: 'compact',
  compaction: { throughSeq, summary: 'short', by: 'me', ...fields },
});
const message = (text: string) => ({
  ...{ role: 'user' as const, atMs: 1, body: bytes(`{"role":"user","content":"${text}"}`) },
});
const four: Input = { type: 'append', messages: ['a', 'b', 'c', 'd'].map(message) };

describe('a compaction', () => {
  it('puts a summary in the place of what was before, and is told to whoever audits', () => {
    const { last, state } = run(four, compactTo(2));
    const details = { throughSeq: 2 };
    const view = { type: 'compaction', throughSeq: 2, summary: 'short', fromSeq: 3 };
    expect(last.writes).toEqual([
      { type: 'entry', subpath: '', entry: { kind: 'view', seq: 5, atMs: NOW, view } },
      {
        type: 'audit',
        record: { kind: 'lifecycle', action: 'compacted', atMs: NOW, by: 'me', details },
      },
    ]);
    expect(state.head.compaction).toEqual({
      ...{ seq: 5, throughSeq: 2, fromSeq: 3, lastCompactionTurn: 0 },
    });
    expect(effects(last)).toEqual(['forgetContext']);
    expect(last.answer).toEqual({ type: 'session' });
  });

  it('names the one before it, and may not end where that did', () => {
    const { last } = run(four, compactTo(2), compactTo(3));
    expect(last.writes[0]).toMatchObject({ entry: { view: { previousSeq: 5, fromSeq: 4 } } });
    expect(() => run(four, compactTo(2), compactTo(2))).toThrow(/compacted already/);
  });

  it('may reach to the end, and up to the turn that is open', () => {
    expect(run(four, compactTo(4)).state.head.compaction).toMatchObject({ fromSeq: 5 });
    const { state } = run(four, prompt('a'), compactTo(4));
    expect(state.head.compaction).toMatchObject({ fromSeq: 5, lastCompactionTurn: 1 });
    expect(() => run(four, compactTo(5))).toThrow(/that began at 5/);
  });

  it('counts what its model call cost', () => {
    const usage = { ...emptyUsage, inputTokens: 1 };
    const before = [prompt('a'), step('a', said('x'))];
    const priced = run(...before, compactTo(1, { spent: { usage, costNanoUsd: 30 } })).state.head;
    expect(priced).toMatchObject({ costNanoUsd: 100, unpricedAnswers: 0 });
    expect(priced.usage).toMatchObject({ inputTokens: 11, outputTokens: 5 });
    const unpriced = run(...before, compactTo(1, { spent: { usage, costNanoUsd: null } }));
    expect(unpriced.state.head).toMatchObject({ costNanoUsd: 70, unpricedAnswers: 1 });
    const given = run(...before, compactTo(1)).state.head;
    expect(given).toMatchObject({ costNanoUsd: 70, unpricedAnswers: 0 });
  });

  it('writes no message, so that none is counted', () => {
    const { changes, state } = run(four, compactTo(2));
    expect(changes.map(written)).toEqual([
      ['audit', 'entry', 'entry', 'entry', 'entry'],
      ['entry', 'audit'],
    ]);
    expect(state.head).toMatchObject({ messageCount: 4, seq: 5 });
  });
});
