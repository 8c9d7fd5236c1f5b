/** Limits that are reached exactly: what may still be spent is nothing, and what is one below may go on. */
import { describe, expect, it } from 'vitest';
import { type Head, newHead } from '../../../src/model/head.ts';
import { sessionKey } from '../../../src/model/ids.ts';
import type { OpenTurn } from '../../../src/model/turn.ts';
import type { Rules } from '../../../src/session/machine/rules.ts';
import { isSpent, overLimit } from '../../../src/session/machine/turn-limits.ts';

const RULES = { maxSteps: 4 } as Rules;
const headThatCost = (costNanoUsd: number, limits: Head['limits'] = {}): Head => ({
  ...newHead(sessionKey('default', 's'), 0),
  costNanoUsd,
  limits,
});
const turnOf = (fields: Partial<OpenTurn>): OpenTurn =>
  ({ steps: 0, costNanoUsd: 0, options: {}, ...fields }) as OpenTurn;

describe('a money limit', () => {
  it.each([
    [69, false],
    [70, true],
    [71, true],
  ])('of 70 nano-dollars, of a session that has cost %i, is reached: %s', (cost, reached) => {
    expect(isSpent(headThatCost(cost, { maxCostUsd: 70e-9 }))).toBe(reached);
  });

  it.each([
    [69, undefined],
    [70, 'budget_exceeded'],
  ])('of a turn that has cost %i of its 70 nano-dollars stops it with %s', (costNanoUsd, why) => {
    const turn = turnOf({ costNanoUsd, options: { maxCostUsd: 70e-9 } });
    expect(overLimit(headThatCost(0), turn, RULES)).toBe(why);
  });

  it('of nothing is reached before anything was spent', () => {
    expect(isSpent(headThatCost(0, { maxCostUsd: 0 }))).toBe(true);
    expect(isSpent(headThatCost(0))).toBe(false);
  });
});

describe('the most steps', () => {
  it.each([
    [3, undefined],
    [4, 'max_steps'],
  ])('are four where nobody says otherwise: after %i it is %s', (steps, why) => {
    expect(overLimit(headThatCost(0), turnOf({ steps }), RULES)).toBe(why);
  });

  it('are those of the turn before those of the session, and those before the daemon', () => {
    const head = headThatCost(0, { maxSteps: 2 });
    expect(overLimit(head, turnOf({ steps: 2 }), RULES)).toBe('max_steps');
    expect(overLimit(head, turnOf({ steps: 2, options: { maxSteps: 3 } }), RULES)).toBeUndefined();
  });
});
