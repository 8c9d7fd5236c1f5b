/** How turns begin, or are known already: what is written, what is told, and which session they make. */
import { describe, expect, it } from 'vitest';
import type { TurnId } from '../../../src/model/ids.ts';
import { emptyUsage } from '../../../src/model/usage.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import {
  bytes,
  eventsOf,
  NOW,
  prompt,
  RULES,
  recordsOf,
  run,
  said,
  step,
  written,
} from './support.ts';

describe('a turn that begins', () => {
  it('is told with its trace where it has one', () => {
    const { last } = run(prompt('a', { traceId: 'trace' as never }));
    expect(eventsOf(last)[0]).toEqual({ type: 'turn.accepted', seq: 1, traceId: 'trace' });
    expect(eventsOf(run(prompt('a')).last)[0]).toEqual({ type: 'turn.accepted', seq: 1 });
  });

  it('names the session that it makes after its prompt, unless the sender names it', () => {
    expect(run(prompt('a')).state.head.title).toBe('prompt a');
    expect(run(prompt('a', { settings: { title: 'Tea' } })).state.head.title).toBe('Tea');
    expect(run(prompt('a', { excerpt: '' })).state.head.title).toBeUndefined();
  });

  it('makes the session with the usual model, unless the sender names one, and is audited', () => {
    const { last, state } = run(prompt('a'));
    expect(state.head).toMatchObject({ model: 'claude-sonnet-5', version: 1, updatedAtMs: NOW });
    expect(last.writes[0]).toMatchObject({ record: { action: 'created', by: 'turn' } });
    expect(run(prompt('a', { settings: { model: 'm' } })).state.head.model).toBe('m');
  });

  it('tags its session, beside the tags that are there', () => {
    const { state } = run(prompt('a', { tags: ['x'] }), prompt('b', { tags: ['y', 'X'] }));
    expect(state.head.tags).toEqual(['x', 'y']);
  });

  it('shows the model its prompt, which one that waited has to be read for', () => {
    const { changes } = run(prompt('a'), prompt('b'), step('a', said('x')));
    const seen = changes.map((change) => change.effects.filter(({ type }) => type === 'see'));
    expect(seen[0]).toEqual([
      { type: 'see', seq: 1, body: bytes('{"role":"user","content":"a"}') },
    ]);
    expect(seen[2]?.at(-1)).toEqual({ type: 'see', seq: 2, body: undefined });
  });

  it('writes its prompt as it came, and its id for the ledger', () => {
    const { last } = run(prompt('a'));
    const body = bytes('{"role":"user","content":"a"}');
    expect(last.writes.slice(1)).toEqual([
      {
        ...{ type: 'entry', subpath: '' },
        entry: { kind: 'message', seq: 1, position: 1, atMs: NOW, role: 'user', body, turnId: 'a' },
      },
      { type: 'newTurn', turnId: 'a' },
    ]);
  });

  it('may be one that makes no session, where there is one', () => {
    const { state } = run({ type: 'create', settings: {} }, prompt('a', { create: false }));
    expect(state.head.openTurns).toMatchObject([{ turnId: 'a', status: 'running' }]);
  });

  it('again after its process was lost answers nobody', () => {
    expect(run(prompt('a'), { type: 'resume' }).last.answer).toEqual({ type: 'none' });
    expect(run(prompt('a'), step('a', said('x'))).last.answer).toEqual({ type: 'none' });
  });

  it('that was rejected before stands in the ledger as what it was', () => {
    const error = { code: 'invalid_json', message: 'no', retryable: false };
    const reject: Input = { type: 'reject', turnId: 'r' as TurnId, traceId: 't' as never, error };
    const { last } = run({ type: 'create', settings: {} }, reject);
    expect(written(last)).toEqual(['newTurn', 'turn']);
    expect(recordsOf(last)).toEqual([
      {
        ...{ turnId: 'r', status: 'rejected', seq: 0, lastSeq: 0, promptHash: '', traceId: 't' },
        ...{ acceptedAtMs: NOW, finishedAtMs: NOW, usage: emptyUsage, costNanoUsd: 0, steps: 0 },
        ...{ attempt: 1, retries: 0, stopReason: null, error },
      },
    ]);
    expect(eventsOf(last)).toMatchObject([{ type: 'turn.finished', text: '' }]);
  });

  it('is rejected beside one that is open, as any other', () => {
    const error = { code: 'invalid_json', message: 'no', retryable: false };
    const { last } = run(prompt('a'), { type: 'reject', turnId: 'r' as TurnId, error });
    expect(recordsOf(last)).toMatchObject([{ turnId: 'r', status: 'rejected' }]);
    expect(last.state.head.openTurns).toMatchObject([{ turnId: 'a' }]);
  });

  it('and is rejected while it is open stays open', () => {
    const error = { code: 'invalid_json', message: 'no', retryable: false };
    const { last } = run(prompt('a'), { type: 'reject', turnId: 'a' as TurnId, error });
    expect(last).toMatchObject({ writes: [], effects: [] });
  });

  it('is answered with its id, and once it is closed with its record', () => {
    const { last, state } = run(prompt('a'));
    expect(last.answer).toEqual({ type: 'turn', turnId: 'a', isNew: true });
    expect(apply(state, prompt('a'), RULES, NOW).answer).toEqual({
      ...{ type: 'turn', turnId: 'a', isNew: false },
    });
    const ended = run(prompt('a'), step('a', said('x')));
    const [closed] = recordsOf(ended.last);
    const again = { ...prompt('a'), known: closed } as Input;
    expect(apply(ended.state, again, RULES, NOW).answer).toEqual({
      ...{ type: 'turn', turnId: 'a', isNew: false, closed },
    });
  });
});
