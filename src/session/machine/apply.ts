/** `apply`: the session's answer to an input. What each type of input may do, and does, says the table in `input-kinds.ts`. */

import { ConcurrencyError, GreenroomError } from '../../model/errors.ts';
import { type Head, mustBeAlive } from '../../model/head.ts';
import { Draft } from './draft.ts';
import type { Input } from './input.ts';
import { kindOf } from './input-kinds.ts';
import type { Change, SessionState } from './machine.ts';
import type { Rules } from './rules.ts';

/** See `machine.ts`. Throws a `GreenroomError` for what is refused; nothing has changed then. */
export const apply = (state: SessionState, input: Input, rules: Rules, nowMs: number): Change => {
  const draft = new Draft(state, nowMs, rules);
  const { head } = state;
  const kind = kindOf(input);
  if (!kind.makes(input)) mustExist(head);
  if (!kind.whileImporting) mustBeWhole(head);
  mustHaveVersion(head, input);
  if (kind.adds(input, head)) mustBeAlive(head);
  kind.apply(draft, input, rules);
  return draft.change();
};

const mustExist = (head: Head): void => {
  if (head.version === 0)
    throw new GreenroomError('session_not_found', `there is no session ${head.key.sessionId}`);
};

const mustBeWhole = ({ transfer }: Head): void => {
  if (transfer === undefined || transfer.isDone === true) return;
  throw new GreenroomError(
    'invalid_state',
    'the session is being imported: import it to its end, or delete it',
  );
};

const mustHaveVersion = ({ version }: Head, input: Input): void => {
  if (!('expectedVersion' in input)) return;
  if (input.expectedVersion !== undefined && input.expectedVersion !== version)
    throw new ConcurrencyError(
      `the session is at version ${version}, not ${input.expectedVersion}`,
    );
};
