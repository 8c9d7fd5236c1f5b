/** How a session ends as a whole, and takes turns again. */
import { describe, expect, it } from 'vitest';
import { duesOf } from '../../../src/model/due.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import { foldBatch, toChange } from '../../../src/session/machine/fold.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import {
  asks,
  calling,
  decided,
  effects,
  entriesOf,
  eventsOf,
  NOW,
  prompt,
  RULES,
  recordsOf,
  run,
  said,
  step,
} from './support.ts';

const COMPLETE: Input = { type: 'complete', by: 'ann' };
const REOPEN: Input = { type: 'reopen', by: 'ann' };
const terminate = (reason?: string): Input => ({ type: 'terminate', reason, by: 'ann' });
const TURN = [prompt('a'), step('a', said('x'))];
const auditOf = (change: ReturnType<typeof run>['last']) =>
  change.writes.flatMap((write) => (write.type === 'audit' ? [write.record] : []));

describe('a session', () => {
  it('begins with its first turn', () => {
    expect(run({ type: 'create', settings: {} }).state.head.startedAtMs).toBeUndefined();
    expect(run(...TURN, prompt('b')).state.head.startedAtMs).toBe(NOW);
  });

  it('that is completed takes no turn until it is reopened', () => {
    const { state, last } = run(...TURN, COMPLETE);
    expect(state.head).toMatchObject({ status: 'completed', completedAtMs: NOW });
    expect(auditOf(last)).toMatchObject([{ action: 'completed', by: 'ann' }]);
    const late = () => run(...TURN, COMPLETE, prompt('b'));
    expect(late).toThrow(/reopen it first/);
    expect(late).toThrow(expect.objectContaining({ details: { ended: 'completed' } }));
    const again = run(...TURN, COMPLETE, REOPEN, prompt('b'));
    expect(again.state.head).toMatchObject({ status: 'running', completedAtMs: undefined });
  });

  it.each([
    ['complete with a turn open', [prompt('a'), COMPLETE], /a turn is open/],
    ['complete twice', [...TURN, COMPLETE, COMPLETE], /completed already/],
    ['terminate behind that', [...TURN, COMPLETE, terminate()], /completed already/],
    ['reopen before it has ended', [...TURN, REOPEN], /has not ended/],
    ['complete where there is none', [COMPLETE], /there is no session/],
  ] as const)('is not to be had by %s', (_, inputs, why) => {
    expect(() => run(...inputs)).toThrow(why);
  });

  it('that is terminated ends what runs and what waits, and drops what comes of it', () => {
    const { state, last } = run(prompt('a'), prompt('b'), terminate('in circles'));
    expect(recordsOf(last)).toMatchObject([
      { turnId: 'a', status: 'cancelled', error: { code: 'terminated' } },
      { turnId: 'b', status: 'cancelled' },
    ]);
    expect(effects(last)).toContain('cancelRun');
    expect(auditOf(last)).toMatchObject([
      { action: 'terminated', by: 'ann', details: { reason: 'in circles' } },
    ]);
    expect(state.head).toMatchObject({ status: 'terminated', openTurns: [] });
    const late = run(prompt('a'), terminate(), step('a', said('too late')));
    expect(late.last.writes).toEqual([]);
  });

  it('that is terminated while a tool waits for a person leaves no call without an answer', () => {
    const { last } = run(
      prompt('a'),
      step('a', calling('x')),
      decided('a', 2, asks('x')),
      terminate(),
    );
    expect(entriesOf(last)).toMatchObject([
      { kind: 'view', view: { type: 'repair', toolUseIds: ['x'] } },
    ]);
    expect(eventsOf(last).map(({ type }) => type)).toEqual(['turn.finished']);
  });

  it.each([
    ['completed', said('x')],
    [
      'failed',
      {
        type: 'failed',
        error: { type: 'e', message: 'no', retryable: false },
        partialText: '',
        provider: 'rehearsal',
      },
    ],
  ] as const)('in the background ends by itself as %s, and says so', (status, outcome) => {
    const { state, last } = run(
      prompt('a', { settings: { mode: 'background' } }),
      step('a', outcome as never),
    );
    expect(state.head).toMatchObject({ status, completedAtMs: NOW });
    expect(auditOf(last)).toMatchObject([{ action: status, by: 'greenroom' }]);
  });
});

describe('a session that ends when nothing comes to it', () => {
  const IDLE = [prompt('a', { settings: { idleEndMinutes: 2 } }), step('a', said('x'))];
  const later = (ms: number, ...inputs: readonly Input[]) =>
    apply(run(...IDLE, ...inputs).state, { type: 'due' }, RULES, NOW + ms);

  it('is due when it has had nothing for so long, and not while a turn is open', () => {
    expect(duesOf(run(...IDLE).state.head)).toEqual([{ kind: 'idle', atMs: NOW + 120_000 }]);
    expect(duesOf(run(...IDLE, prompt('b')).state.head)).toEqual([]);
    expect(later(119_999).state.head.status).toBe('idle');
    const { state, writes } = later(120_000);
    expect(state.head.status).toBe('completed');
    expect(writes).toMatchObject([{ record: { action: 'completed', by: 'idle' } }]);
    expect(duesOf(state.head)).toEqual([]);
  });

  it('waits for as long as it is held', () => {
    const held = [{ type: 'hold', reason: undefined, by: 'ann' }] as const;
    expect(duesOf(run(...IDLE, ...held).state.head)).toEqual([]);
    expect(later(999_999, ...held).state.head.status).toBe('idle');
    const released = [...held, { type: 'release', by: 'ann' }] as const;
    expect(duesOf(run(...IDLE, ...released).state.head)).toHaveLength(1);
  });

  it('stays parked when it is: that is the sign that a person is wanted', () => {
    const error = { code: 'internal', message: 'broken', retryable: false };
    const parked = [{ type: 'park', error }] as const;
    expect(duesOf(run(...IDLE, ...parked).state.head)).toEqual([]);
    expect(later(999_999, ...parked).state.head.status).toBe('parked');
  });

  it('leaves nothing due when it is deleted', () => {
    const { state } = run(...IDLE);
    const gone = { type: 'delete', by: 'ann', ifVersion: undefined, tombstoneMs: 9 } as const;
    const folded = foldBatch(state, [{ input: gone }], new Map(), RULES, NOW);
    expect(toChange(state, folded, { owner: 'me', epoch: 1 })?.dues).toEqual({
      added: [],
      removed: duesOf(state.head),
    });
  });
});
