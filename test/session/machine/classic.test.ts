/** What classic programs do to a session, as the machine takes it: made, appended to, saved over, forked. */
import { describe, expect, it } from 'vitest';
import type { NewEntry } from '../../../src/classic/entries.ts';
import { SessionMetadata, type StoredMessage } from '../../../src/classic/models.ts';
import { newHead } from '../../../src/model/head.ts';
import { sessionKey } from '../../../src/model/ids.ts';
import { emptyUsage } from '../../../src/model/usage.ts';
import type { ClassicChange } from '../../../src/session/machine/classic-change.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import { bytes, effects, entriesOf, NOW, prompt, run, written } from './support.ts';

const MADE = SessionMetadata.parse({ model: 'm', totalCostUsd: 2, numTurns: 3 });
const classic = (change: ClassicChange): Input => ({ type: 'classic', bytes: 1, change });
const create = classic({ kind: 'create', metadata: MADE });
const body = bytes('{"role":"user","content":"x"}');
const message: NewEntry = {
  kind: 'message',
  role: 'user',
  atMs: 7,
  body,
  id: 'm1',
  extra: { a: 1 },
};
const line: NewEntry = { kind: 'imported', atMs: 7, body: bytes('{"type":"system"}') };
const append = (entry: NewEntry, text: string | null = null) =>
  classic({ kind: 'append', entry, text });
const save = (contents: readonly string[], options: object = {}) =>
  classic({
    kind: 'save',
    options,
    messages: contents.map(
      (content): StoredMessage => ({
        ...{ role: 'user', content, id: null, timestamp: '2026-01-01T00:00:00.000Z' },
      }),
    ),
  });

describe('a classic session', () => {
  it('is made with its metadata, once, and audited', () => {
    const { last, state } = run(create);
    expect(last.writes).toEqual([
      {
        type: 'audit',
        record: { kind: 'lifecycle', action: 'created', atMs: NOW, by: 'classic' },
      },
    ]);
    expect(state.head).toMatchObject({
      ...{ version: 1, model: 'm', costNanoUsd: 2e9, numTurns: 3, status: 'created' },
    });
    expect(last.answer).toEqual({ type: 'session' });
  });

  it('takes messages with all that was given, and lines that are none', () => {
    const { changes, state } = run(create, append(message), append(line));
    expect(changes.flatMap(entriesOf)).toEqual([
      {
        ...{ kind: 'message', seq: 1, position: 1, atMs: 7, role: 'user', body, id: 'm1' },
        extra: { a: 1 },
      },
      { ...line, seq: 2 },
    ]);
    expect(state.head).toMatchObject({ seq: 2, messageCount: 2, status: 'idle' });
    expect(changes.slice(1).map(effects)).toEqual([['forgetContext'], ['forgetContext']]);
  });

  it('has the first text that it was told of as its summary', () => {
    const { state } = run(
      create,
      append(line),
      append(message, 'first'),
      append(message, 'second'),
    );
    expect(state.head.summary).toBe('first');
    expect(run(create, append(message)).state.head.summary).toBeUndefined();
  });

  it('takes new metadata, and a state of its compaction', () => {
    const metadata = SessionMetadata.parse({ model: 'other', totalCostUsd: 5 });
    const { state } = run(create, classic({ kind: 'metadata', metadata }));
    expect(state.head).toMatchObject({ model: 'other', costNanoUsd: 5e9 });
    const compaction = { lastCompactionTurn: 1, summary: 's', originalMessageIds: [] };
    const compacted = run(create, classic({ kind: 'compaction', state: compaction }));
    expect(compacted.state.head.classic).toMatchObject({ compactionState: compaction, usage: {} });
  });

  it('that is saved is made where it was not there, with its messages', () => {
    const { last, state } = run(save(['one', 'two'], { tags: ['x'], description: 'd' }));
    expect(written(last)).toEqual(['audit', 'entry', 'entry']);
    expect(state.head).toMatchObject({
      ...{ version: 1, seq: 2, messageCount: 2, tags: ['x'], description: 'd', status: 'idle' },
    });
    expect(state.head.classic?.replacedThrough).toBeUndefined();
  });

  it('that is saved over keeps what was there, and shows none of it any more', () => {
    const { last, state } = run(
      save(['one', 'two'], { tags: ['x'], description: 'd' }),
      save(['new']),
    );
    expect(written(last)).toEqual(['entry']);
    expect(state.head).toMatchObject({
      ...{ seq: 3, messageCount: 1, tags: [], classic: { replacedThrough: 2 } },
    });
    expect(state.head.description).toBeUndefined();
    expect(state.head.compaction).toBeUndefined();
  });

  it('that is saved without a message is new all the same', () => {
    const { state } = run(save([]));
    expect(state.head).toMatchObject({ version: 1, seq: 0, messageCount: 0, status: 'created' });
  });

  it('is not saved over while a turn is open', () => {
    expect(() => run(prompt('a'), save(['new']))).toThrow(
      expect.objectContaining({ code: 'invalid_state' }),
    );
  });

  it('that is forked is a copy: what its parent cost and did is told of it too', () => {
    const parent = { ...newHead(sessionKey('default', 'p'), 0), version: 2, seq: 3, numTurns: 4 };
    const fork = {
      parent: { ...parent, costNanoUsd: 5e9, usage: { ...emptyUsage, inputTokens: 7 } },
      ...{ atSeq: 3, title: undefined, messageCount: 3, compaction: undefined, views: [] },
    };
    const { last, state } = run(classic({ kind: 'fork', fork }));
    expect(written(last)).toEqual(['fork', 'audit']);
    expect(state.head).toMatchObject({
      ...{ version: 1, numTurns: 4, inheritedCostNanoUsd: 5e9, costNanoUsd: 0 },
      classic: { usage: { input_tokens: 7 } },
    });
    expect(() => run(create, classic({ kind: 'fork', fork }))).toThrow(
      expect.objectContaining({ code: 'session_exists' }),
    );
  });
});
