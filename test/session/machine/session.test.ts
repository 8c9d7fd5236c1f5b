/** What is done to a session as a whole: it is made, set, tagged, appended to. */
import { describe, expect, it } from 'vitest';
import { apply } from '../../../src/session/machine/apply.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import {
  bytes,
  effects,
  entriesOf,
  fresh,
  NOW,
  prompt,
  RULES,
  run,
  said,
  step,
} from './support.ts';

const body = bytes('{"role":"user","content":"x"}');
const append = (...ids: (string | undefined)[]): Input => ({
  type: 'append',
  messages: ids.map((id) => ({ role: 'user', body, atMs: 7, ...(id === undefined ? {} : { id }) })),
});

describe('a session that is made', () => {
  it.each<[string, Input]>([
    ['create', { type: 'create', settings: { title: 'Tea' } }],
    ['append', append()],
  ])('by %s is audited so, has the usual model, and is answered with itself', (by, input) => {
    const { last, state } = run(input);
    expect(last.writes).toEqual([
      { type: 'audit', record: { kind: 'lifecycle', action: 'created', atMs: NOW, by } },
    ]);
    expect(state.head).toMatchObject({ version: 1, model: 'claude-sonnet-5', updatedAtMs: NOW });
    expect(last.answer).toEqual({ type: 'session' });
  });

  it('stays as it was created until something is said in it', () => {
    expect(run({ type: 'create', settings: {} }).state.head.status).toBe('created');
    expect(run({ type: 'create', settings: {} }, append()).state.head.status).toBe('idle');
  });
});

describe('messages that are appended', () => {
  it('stand one behind the other, with the ids that they were given', () => {
    const { last, state } = run(append('m1', undefined));
    expect(entriesOf(last)).toEqual([
      { kind: 'message', seq: 1, position: 1, atMs: 7, role: 'user', body, id: 'm1' },
      { kind: 'message', seq: 2, position: 2, atMs: 7, role: 'user', body },
    ]);
    expect(state.head).toMatchObject({ seq: 2, messageCount: 2, status: 'idle' });
    expect(effects(last)).toEqual(['forgetContext']);
    expect(last.answer).toEqual({ type: 'session' });
  });

  it('make a session idle that is new, and leave any other status', () => {
    const parked: Input = {
      ...{ type: 'park', error: { code: 'internal', message: 'x', retryable: false } },
    };
    expect(run(prompt('a'), parked, append('m')).state.head.status).toBe('parked');
  });
});

describe('settings', () => {
  it('are laid over those that are there, as the newest thing that happened', () => {
    const { state } = run({ type: 'create', settings: { title: 'Tea', owner: 'ann' } });
    const change = apply(state, { type: 'settings', settings: { owner: 'bob' } }, RULES, NOW + 9);
    expect(change.state.head).toMatchObject({ title: 'Tea', owner: 'bob', updatedAtMs: NOW + 9 });
    expect(change.answer).toEqual({ type: 'session' });
  });

  it('that come from a clock that went back do not make the session older', () => {
    const { state } = run({ type: 'create', settings: {} });
    const change = apply(state, { type: 'settings', settings: { owner: 'bob' } }, RULES, NOW - 9);
    expect(change.state.head.updatedAtMs).toBe(NOW);
    const tagged = apply(state, { type: 'tag', tags: ['x'] }, RULES, NOW - 9);
    expect(tagged.state.head.updatedAtMs).toBe(NOW);
  });
});

describe('tags', () => {
  const made: Input = { type: 'create', settings: { tags: ['a', 'b'] } };

  it.each<[string, Input]>([
    ['added that are there', { type: 'tag', tags: ['A', 'b'] }],
    ['added that are none', { type: 'tag', tags: [] }],
    ['taken away that are not there', { type: 'untag', tags: ['c'] }],
  ])('%s change nothing, not even the version', (_, input) => {
    const before = run(made).state;
    const { last } = run(made, input);
    expect(last.writes).toEqual([]);
    const change = apply(before, input, RULES, NOW + 5);
    expect(change.state.head).toBe(before.head);
    expect(change.answer).toEqual({ type: 'session' });
  });

  it('come behind those that are there, and go whatever their spelling', () => {
    expect(run(made, { type: 'tag', tags: ['c'] }).state.head.tags).toEqual(['a', 'b', 'c']);
    expect(run(made, { type: 'untag', tags: [' A '] }).state.head.tags).toEqual(['b']);
    expect(run(made).state.head.tags).toEqual(['a', 'b']);
  });
});

describe('a fresh session', () => {
  it('is not changed by what is refused, nor by what changes nothing', () => {
    const before = fresh();
    expect(() => apply(before, { type: 'tag', tags: ['x'] }, RULES, NOW)).toThrow();
    expect(before).toEqual(fresh());
    const { state } = run(prompt('a'), step('a', said('x')));
    expect(apply(state, { type: 'resume' }, RULES, NOW).state).toEqual(state);
    expect(apply(state, { type: 'due' }, RULES, NOW).state).toEqual(state);
  });
});
