/** Hooks that are functions of the program around us. */
import type { Work } from './hook.ts';
import { toolUseIdOf } from './input.ts';
import { messageOf, type Run } from './runner.ts';
import type { Outcome } from './word.ts';

/** One that throws has not decided anything, and at a gate that is no consent. */
export const runFunction = async (
  { call }: Extract<Work, { kind: 'function' }>,
  run: Run,
): Promise<Outcome> => {
  try {
    const value = await call(run.input, toolUseIdOf(run.call), { signal: run.signal });
    return { kind: 'value', value };
  } catch (error) {
    return { kind: 'failed', ended: 'error', why: messageOf(error) };
  }
};
