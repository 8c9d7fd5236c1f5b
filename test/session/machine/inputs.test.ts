/** The table of the machine's inputs: what may be done to a session that is not there, ended, or being imported. */
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../src/model/errors.ts';
import { newHead } from '../../../src/model/head.ts';
import type { SessionKey, TurnId } from '../../../src/model/ids.ts';
import type { ClosedTurn } from '../../../src/model/turn.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import { kindOf } from '../../../src/session/machine/inputs.ts';
import type { Input, NewTurn, Rules } from '../../../src/session/machine/machine.ts';

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
});
