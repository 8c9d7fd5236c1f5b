/** Records as an older version wrote them, byte for byte: they are read as if this one had. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SessionKey } from '../../../src/model/ids.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import type { Rules } from '../../../src/session/machine/rules.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { applyBatch } from '../../../src/storage/records/apply-batch.ts';
import * as codec from '../../../src/storage/records/codec.ts';
import { epochOf, record } from '../../../src/storage/records/frame.ts';
import * as keys from '../../../src/storage/records/keys.ts';
import { ownerOf } from '../../../src/storage/records/meta.ts';

const stored = JSON.parse(
  readFileSync(new URL('../../fixtures/records-of-format-3.json', import.meta.url), 'utf8'),
) as { readonly head: string; readonly batch: string };
const key = { tenant: 'default', sessionId: 'of-an-older-version' } as SessionKey;
const headKey = keys.headKey(keys.sessionPrefix(key));
const head = codec.readHead(headKey, Buffer.from(stored.head, 'base64'));
const rules = { defaultModel: 'm' } as Rules;

describe('a head of a version that knew no runs', () => {
  it('has its running turn at a model call that nobody makes, and its queued ones as they were', () => {
    expect(head.openTurns).toMatchObject([
      { turnId: 't1', status: 'running', runs: 0, phase: { kind: 'model', run: 0 }, attempt: 2 },
      { turnId: 't2', status: 'queued', runs: 0 },
    ]);
    expect(head.openTurns[1]).not.toHaveProperty('phase');
  });

  it('goes on with its turn when the session wakes', () => {
    const { state, effects } = apply({ head, cancelling: undefined }, { type: 'resume' }, rules, 1);
    expect(state.head.openTurns[0]).toMatchObject({ attempt: 3, phase: { run: 1 } });
    expect(effects).toContainEqual({ type: 'startModel', runId: 't1#1' });
  });

  it('is stored and read again as it is then', () => {
    const bytes = record(headKey, codec.packHead, { head, epoch: 2 });
    expect(codec.readHead(headKey, bytes)).toEqual(head);
  });
});

describe('a batch of a version without fences, as it stands in the commit log', () => {
  const { tables } = new MemoryStore();
  const batch = Buffer.from(stored.batch, 'base64');

  it('is taken in as it was when it was logged', () => {
    expect(applyBatch(tables, batch, ownerOf({ epoch: 1 }))).toEqual([]);
    const bytes = tables.get(keys.SESSIONS, headKey) ?? Buffer.alloc(0);
    expect(codec.readHead(headKey, bytes)).toEqual({ ...head, version: 1 });
    expect(epochOf(bytes)).toBe(1);
    for (const seq of [1, 2]) {
      const key = keys.entryKey(keys.sessionPrefix(head.key), '', seq);
      const entry = codec.readEntry(key, tables.get(keys.SESSIONS, key) ?? Buffer.alloc(0));
      expect(entry).toMatchObject({ kind: 'message', turnId: `t${seq}` });
    }
  });

  it('and refused where the head is of a later owner', () => {
    const later = record(headKey, codec.packHead, { head, epoch: 2 });
    tables.put(keys.SESSIONS, Buffer.from(headKey, 'latin1'), later);
    expect(applyBatch(tables, batch, ownerOf({ epoch: 1 }))).toMatchObject([{ because: 'epoch' }]);
  });
});
