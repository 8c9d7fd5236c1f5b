/** The table of the machine's inputs: what may be done to a session that is not there, ended, or being imported. */
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../src/model/errors.ts';
import { newHead } from '../../../src/model/head.ts';
import type { SessionKey, TurnId } from '../../../src/model/ids.ts';
import type { ClosedTurn } from '../../../src/model/turn.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import type { Input, NewTurn } from '../../../src/session/machine/input.ts';
import { kindOf } from '../../../src/session/machine/input-kinds.ts';
import type { Rules } from '../../../src/session/machine/rules.ts';

const NOW = 1_700_000_000_000;
const key = { tenant: 'default', sessionId: 's' } as SessionKey;
const rules: Rules = {
  queuePerSession: 10,
  maxSteps: 5,
  provider: 'rehearsal',
  defaultModel: 'm',
  retry: { maxRetries: 0, delayMs: 0, timeoutMs: 1_000 },
  hasPrice: () => true,
};
const turnId = 't' as TurnId;
const turn: NewTurn = {
  ...{ turnId, excerpt: '', promptHash: 'a', body: Buffer.from('abc'), options: {} },
  ...{ create: true, tags: [], settings: {}, onBusy: undefined, provider: undefined },
};
const error = { code: 'internal', message: 'no', retryable: false };
const message = { role: 'user', body: Buffer.from('abcd'), atMs: NOW } as const;

const INPUTS: readonly Input[] = [
  { type: 'create', settings: {} },
  { type: 'turn', turn, known: undefined },
  { type: 'reject', turnId, error },
  { type: 'settings', settings: { title: 'x' } },
  { type: 'tag', tags: ['x'] },
  { type: 'untag', tags: ['x'] },
  { type: 'append', messages: [message] },
  { type: 'classic', change: { kind: 'compaction', state: {} as never }, bytes: 9 },
  { type: 'drop', drop: undefined },
  { type: 'cancel', turnId: undefined },
  { type: 'resume' },
  { type: 'park', error },
  { type: 'delete', by: 'me', ifVersion: undefined, tombstoneMs: 1 },
];

const classic = (change: object) => ({ type: 'classic', bytes: 1, change });

/** The types of the inputs that are refused so. */
const refused = (code: string, fields: object): string[] =>
  INPUTS.flatMap((input) => {
    const state = { head: { ...newHead(key, NOW), ...fields }, cancelling: undefined };
    try {
      apply(state, input, rules, NOW);
      return [];
    } catch (thrown) {
      return codeOf(thrown) === code ? [input.type] : [];
    }
  });

describe('the table of inputs', () => {
  it('only what may make a session is taken where there is none', () => {
    const taken = ['create', 'turn', 'append'];
    expect(refused('session_not_found', {})).toEqual(
      INPUTS.map(({ type }) => type).filter((type) => !taken.includes(type)),
    );
  });

  it('an ended session refuses what adds to the conversation', () => {
    const ended = { version: 1, status: 'completed' };
    expect(refused('invalid_state', ended)).toEqual(['turn', 'append', 'cancel']); // no turn is open
  });

  it('an ended session still answers for a turn that it knows', () => {
    const known = { turnId, promptHash: 'a' } as ClosedTurn;
    const head = { ...newHead(key, NOW), version: 1, status: 'completed' } as const;
    const input: Input = { type: 'turn', turn, known };
    const { answer } = apply({ head, cancelling: undefined }, input, rules, NOW);
    expect(answer).toMatchObject({ type: 'turn', isNew: false });
  });

  it('while it is imported a session can be parked, resumed and deleted, and nothing else', () => {
    const importing = { version: 1, transfer: { lines: 1, digest: '', isDone: false } };
    const taken = ['resume', 'park', 'delete'];
    expect(refused('invalid_state', importing)).toEqual(
      INPUTS.map(({ type }) => type).filter((type) => !taken.includes(type)),
    );
  });

  it('whoever names another version is refused, whatever is wanted', () => {
    const state = { head: { ...newHead(key, NOW), version: 7 }, cancelling: undefined };
    for (const input of INPUTS)
      if (['settings', 'append', 'classic', 'delete'].includes(input.type))
        expect(() => apply(state, { ...input, expectedVersion: 6 } as Input, rules, NOW)).toThrow(
          /version 7, not 6/,
        );
  });

  it('a body counts by its bytes', () => {
    expect(INPUTS.map((input) => kindOf(input).bytes(input)).filter((bytes) => bytes > 0)).toEqual([
      3, 4, 9,
    ]);
  });

  it.each([
    ['with others', 'tag', { type: 'tag', tags: [] }, false, false],
    ['with others', 'settings', { type: 'settings', settings: {} }, false, false],
    [
      'as the first',
      'settings',
      { type: 'settings', settings: {}, expectedVersion: 1 },
      true,
      false,
    ],
    ['with others', 'append', { type: 'append', messages: [] }, false, false],
    ['as the first', 'append', { type: 'append', messages: [], expectedVersion: 1 }, true, false],
    ['with others', 'classic', classic({ kind: 'append' }), false, false],
    ['as the first', 'classic', { ...classic({ kind: 'save' }), expectedVersion: 1 }, true, false],
    ['alone', 'classic', classic({ kind: 'fork' }), true, true],
    ['alone', 'import', { type: 'import' }, true, true],
    ['alone', 'yield', { type: 'yield' }, true, true],
    ['alone', 'settle', { type: 'settle' }, true, true],
    ['alone', 'drop', { type: 'drop' }, true, true],
    ['alone', 'fork', { type: 'fork' }, true, true],
    ['alone', 'restore', { type: 'restore' }, true, true],
    ['with others', 'compact', { type: 'compact' }, false, false],
    ['as the last', 'park', { type: 'park', error }, false, true],
    ['as the last', 'delete', { type: 'delete', ifVersion: undefined }, false, true],
    ['alone', 'delete', { type: 'delete', ifVersion: 1 }, true, true],
    ['alone', 'delete', { type: 'delete', ifVersion: undefined, expectedVersion: 1 }, true, true],
  ])('is committed %s: %s', (_, __, fields, begins, ends) => {
    const input = fields as unknown as Input;
    expect([kindOf(input).begins(input), kindOf(input).ends(input)]).toEqual([begins, ends]);
  });

  it('of classic changes three make the session, and two add to it', () => {
    const kinds = ['create', 'append', 'metadata', 'compaction', 'save', 'fork'];
    const inputs = kinds.map((kind) => classic({ kind }));
    const head = newHead(key, NOW);
    const those = (is: (input: Input) => boolean) => kinds.filter((_, n) => is(inputs[n] as Input));
    expect(those((input) => kindOf(input).makes(input))).toEqual(['create', 'save', 'fork']);
    expect(those((input) => kindOf(input).adds(input, head))).toEqual(['append', 'save']);
  });

  it('what is made elsewhere makes its session here, and a delete only where it may be gone', () => {
    const makes = (fields: object) => kindOf(fields as Input).makes(fields as Input);
    for (const type of ['import', 'fork', 'restore']) expect(makes({ type })).toBe(true);
    for (const type of ['yield', 'settle', 'drop', 'compact', 'step'])
      expect(makes({ type })).toBe(false);
    expect(makes({ type: 'delete' })).toBe(false);
    expect(makes({ type: 'delete', mayBeGone: true })).toBe(true);
  });

  it('what ends a run or a wait is taken while the session is imported, its outcome is not', () => {
    const types = [
      'restore',
      'lost',
      'due',
      'resume',
      'park',
      'delete',
      'step',
      'cancel',
      'import',
    ];
    const taken = types.filter((type) => kindOf({ type } as Input).whileImporting);
    expect(taken).toEqual(['restore', 'lost', 'due', 'resume', 'park', 'delete']);
  });

  it('what brings bodies along counts them: lines of an import, the bytes of a classic change', () => {
    const lines = [{ body: Buffer.from('abc') }, { body: Buffer.from('de') }];
    const input = { type: 'import', delta: { lines } } as unknown as Input;
    expect(kindOf(input).bytes(input)).toBe(5);
  });

  it('a turn that the ledger knows is answered with its record, and one that is rejected is done', () => {
    const record = { turnId } as ClosedTurn;
    const asked: Input = { type: 'turn', turn, known: undefined };
    const rejected: Input = { type: 'reject', turnId, error };
    expect(kindOf(asked).newTurn?.id(asked)).toBe(turnId);
    expect(kindOf(asked).newTurn?.known(asked, record)).toEqual({ ...asked, known: record });
    expect(kindOf(rejected).newTurn?.id(rejected)).toBe(turnId);
    expect(kindOf(rejected).newTurn?.known(rejected, record)).toBeUndefined();
    expect(kindOf({ type: 'resume' } as Input).newTurn).toBeUndefined();
  });
});
