/** A sub-agent that wakes after a crash: whether the call that made it still waits for it, and what becomes of it. */
import { describe, expect, it } from 'vitest';
import { GreenroomError } from '../../../src/model/errors.ts';
import type { Head } from '../../../src/model/head.ts';
import { isOrphan } from '../../../src/session/actor/orphan.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import type { Journal } from '../../../src/session/ports/journal.ts';
import {
  asks,
  calling,
  decided,
  ended,
  prompt,
  recordsOf,
  resultsOf,
  run,
  starts,
  step,
} from '../machine/support.ts';

const CALL: readonly Input[] = [
  prompt('a'),
  step('a', calling('x', 'y')),
  decided('a', 2, starts('x'), starts('y')),
];
const journalOf = (parent: Head | undefined) =>
  ({ open: async () => ({ head: parent }) }) as unknown as Journal;
const childOf = { sessionId: 'parent', turnId: 'a', toolUseId: 'x', depth: 1 } as never;
const child = (turnId = 's') => ({ ...run(prompt(turnId)).state.head, childOf });
const parentAfter = (...inputs: readonly Input[]) => run(...CALL, ...inputs).state.head;

describe('a sub-agent with its turn open', () => {
  it('is wanted while its call is under way', async () => {
    expect(await isOrphan(child(), journalOf(parentAfter()))).toBe(false);
  });

  it.each([
    ['the parent is gone', undefined],
    ['the parent was terminated', parentAfter({ type: 'terminate', reason: undefined, by: 'ann' })],
    ['the call has its result', parentAfter(ended('a', 3, resultsOf('x')))],
    ['the parent asks its model again', run(prompt('a')).state.head],
  ])('is not when %s', async (_, parent) => {
    expect(await isOrphan(child(), journalOf(parent))).toBe(true);
  });

  it('is not taken along by a parent whose record is broken', async () => {
    const broken = new GreenroomError('corrupt_record', 'the head is broken');
    const journal = { open: () => Promise.reject(broken) } as unknown as Journal;
    expect(await isOrphan(child(), journal)).toBe(false);
  });

  it('belongs to the person who has begun another turn in it', async () => {
    expect(await isOrphan(child('mine'), journalOf(undefined))).toBe(false);
  });

  it('is a session like others if no call made it', async () => {
    const plain = run(prompt('s')).state.head;
    expect(await isOrphan(plain, journalOf(undefined))).toBe(false);
  });
});

describe('one that is not wanted', () => {
  const UNWANTED: Input = { type: 'resume', isUnwanted: true };

  it.each([
    ['its model answers', [prompt('a')]],
    ['it waits for a person', [prompt('a'), step('a', calling('x')), decided('a', 2, asks('x'))]],
    [
      'its tools run',
      [prompt('a'), step('a', calling('x')), decided('a', 2, starts('x', 'at_most_once'))],
    ],
  ] as const)('ends when it wakes while %s', (_, before) => {
    const { last, state } = run(...before, UNWANTED);
    expect(recordsOf(last)).toMatchObject([{ turnId: 'a', status: 'cancelled' }]);
    expect(state.head.openTurns).toEqual([]);
  });
});
