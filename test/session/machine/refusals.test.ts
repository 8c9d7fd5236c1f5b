/** What the machine refuses: each with its code, and with words that say what was in the way. */
import { describe, expect, it } from 'vitest';
import { MAX_SIDE_TRANSCRIPTS, newHead } from '../../../src/model/head.ts';
import { sessionKey, type TurnId } from '../../../src/model/ids.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import { foldBatch } from '../../../src/session/machine/fold.ts';
import type { ImportDelta, Input } from '../../../src/session/machine/input.ts';
import type { SessionState } from '../../../src/session/machine/machine.ts';
import { bytes, fresh, NOW, prompt, RULES, run, said, step } from './support.ts';

const CREATE: Input = { type: 'create', settings: {} };
const by = 'me';
const append: Input = {
  type: 'append',
  messages: [{ role: 'user', body: bytes('{"role":"user","content":"x"}'), atMs: 1 }],
};
const sweep = (ifVersion: number): Input => ({ type: 'delete', by, ifVersion, tombstoneMs: 5 });
const compact = (throughSeq: number): Input => ({
  type: 'compact',
  compaction: { throughSeq, summary: 'short', by },
});
const spent = { settings: { limits: { maxCostUsd: 7e-8 } } };
const delta = (fields: Partial<ImportDelta>): Input => ({
  type: 'import',
  delta: {
    ...{ subpath: '', lines: [], totalLines: 0, responses: [], claims: [], contested: [] },
    ...{ isNewStream: true, by, stream: { subpath: '', seq: 0 }, head: { ...fresh().head } },
    ...fields,
  },
});
const classic = (kind: 'create' | 'append'): Input => ({
  type: 'classic',
  bytes: 0,
  change:
    kind === 'create'
      ? { kind, metadata: {} as never }
      : { kind, text: null, entry: { kind: 'imported', atMs: 1, body: bytes('{}') } },
});

const REFUSED: readonly (readonly [code: string, message: string, ...inputs: Input[]])[] = [
  ['session_not_found', 'there is no session s', { type: 'tag', tags: ['x'] }],
  ['session_not_found', 'there is no session s', prompt('a', { create: false })],
  ['session_exists', 'there is a session s already', CREATE, CREATE],
  [
    'session_exists',
    'there is a session s already',
    CREATE,
    {
      type: 'fork',
      fork: {
        ...{ parent: newHead(sessionKey('default', 'p'), 0), atSeq: 0, title: undefined },
        ...{ messageCount: 0, compaction: undefined, views: [] },
      },
    },
  ],
  [
    'version_conflict',
    'the session is at version 1, not 7',
    CREATE,
    { type: 'settings', settings: {}, expectedVersion: 7 },
  ],
  [
    'invalid_state',
    'a turn is open and the policy is to reject',
    prompt('a'),
    prompt('b', { onBusy: 'reject' }),
  ],
  [
    'invalid_state',
    'a turn is open and the policy is to reject',
    prompt('a', { settings: { onBusy: 'reject' } }),
    prompt('b'),
  ],
  [
    'queue_full',
    '3 turns wait in this session, the limit',
    ...['a', 'b', 'c', 'd'].map((id) => prompt(id)),
  ],
  [
    'max_turns_reached',
    'the session may run 2 turns and has',
    prompt('a', { settings: { limits: { maxTurns: 2 } } }),
    prompt('b'),
    prompt('c'),
  ],
  [
    'provider_mismatch',
    'this daemon answers by rehearsal, the turn asks for anthropic',
    prompt('a', { provider: 'anthropic' }),
  ],
  [
    'provider_mismatch',
    'the session holds answers by anthropic, this daemon answers by rehearsal: ask for it with provider: "rehearsal"',
    prompt('a'),
    step('a', said('x', { provider: 'anthropic' })),
    prompt('b'),
  ],
  [
    'price_unknown',
    'qwen has no known price, so a money limit cannot hold',
    prompt('a', { options: { maxCostUsd: 1, model: 'qwen' } }),
  ],
  [
    'price_unknown',
    'qwen has no known price, so a money limit cannot hold',
    prompt('a', { settings: { model: 'qwen', limits: { maxCostUsd: 1 } } }),
  ],
  [
    'budget_exceeded',
    'the session has cost its 7e-8 dollars',
    prompt('a', spent),
    step('a', said('x')),
    prompt('b'),
  ],
  [
    'turn_id_reused',
    'turn a is known with another prompt',
    prompt('a'),
    prompt('a', { promptHash: 'other' }),
  ],
  ['turn_not_found', 'turn a is not open in this session', CREATE, cancelOf('a')],
  ['invalid_state', 'no turn is open in this session', CREATE, cancelOf(undefined)],
  [
    'invalid_state',
    'a turn is open: messages cannot be put into the middle of it',
    prompt('a'),
    append,
  ],
  [
    'invalid_state',
    'a turn is open: messages cannot be put into the middle of it',
    prompt('a'),
    classic('append'),
  ],
  [
    'invalid_state',
    'a turn is open: import again when it has finished',
    prompt('a'),
    delta({ lines: [{ atMs: 1, body: bytes('{}') }] }),
  ],
  ['session_exists', 'a session s exists', CREATE, classic('create')],
  ['invalid_state', 'the session changed since it was looked at', CREATE, sweep(7)],
  ['invalid_state', 'the session has an unfinished turn', prompt('a'), sweep(1)],
  ['invalid_state', 'the turn that began at 1 is still open', prompt('a'), compact(1)],
  ['invalid_state', 'all of that is compacted already', append, compact(0)],
];

function cancelOf(turnId: string | undefined): Input {
  return { type: 'cancel', turnId: turnId as TurnId | undefined };
}

const refusalOf = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

describe('the machine', () => {
  it.each(REFUSED.map(([code, message, ...inputs]) => [code, message, inputs] as const))(
    'refuses with %s: %s',
    (code, message, inputs) => {
      const before = inputs.slice(0, -1);
      if (before.length > 0) run(...before);
      expect(() => run(...inputs)).toThrow(expect.objectContaining({ code, message }));
    },
  );

  it('says how soon a full queue may be tried again', () => {
    const full = ['a', 'b', 'c', 'd'].map((id) => prompt(id));
    expect(refusalOf(() => run(...full))).toMatchObject({ retryAfterMs: 1_000 });
  });

  it('refuses a side transcript too many', () => {
    const head = { ...fresh().head, version: 1, sideTranscripts: MAX_SIDE_TRANSCRIPTS };
    const input = delta({ subpath: 'agent-1', lines: [{ atMs: 1, body: bytes('{}') }] });
    expect(
      refusalOf(() => apply({ head, cancelling: undefined }, input, RULES, NOW)),
    ).toMatchObject({
      ...{ code: 'too_large', message: 'a session has at most 10000 side transcripts' },
    });
  });

  it('refuses what changes a session that is half imported, and says what to do', () => {
    const transfer = { lines: 3, digest: 'd', firstDigest: 'f' };
    const state: SessionState = {
      head: { ...fresh().head, version: 1, transfer },
      cancelling: undefined,
    };
    expect(refusalOf(() => apply(state, { type: 'tag', tags: ['x'] }, RULES, NOW))).toMatchObject({
      code: 'invalid_state',
      message: 'the session is being imported: import it to its end, or delete it',
    });
  });

  it('takes a bug for a bug: what has no code leaves the batch', () => {
    const parent = newHead(sessionKey('other', 'p'), 0);
    const input: Input = {
      type: 'fork',
      fork: {
        ...{
          parent,
          atSeq: 0,
          title: undefined,
          messageCount: 0,
          compaction: undefined,
          views: [],
        },
      },
    };
    expect(() => foldBatch(fresh(), [{ input }], new Map(), RULES, NOW)).toThrow(
      new TypeError('a fork stays with its tenant'),
    );
  });
});
