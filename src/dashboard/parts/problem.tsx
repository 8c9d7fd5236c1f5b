/** What went wrong, where the answer would stand. */
import type { Problem } from '../ground/ask.ts';

/** What helps, where the code says it. */
const HELP: Readonly<Record<string, string>> = {
  unauthorized:
    'Run `npx greenroom open` on the machine of the daemon: it gives an address that lets this browser in.',
  forbidden: 'This token may not do that.',
  session_not_found: 'It was deleted, or has another id. Sessions lists those that there are.',
  away: 'It is asked again by itself.',
};

export const Trouble = ({ problem }: { readonly problem: Problem | undefined }) =>
  problem === undefined ? null : (
    <div class="trouble" role="alert">
      <strong>
        {problem.code === 'unauthorized' ? 'This browser is not let in.' : problem.message}
      </strong>{' '}
      <code>{problem.code}</code>
      {HELP[problem.code] === undefined ? null : <p>{HELP[problem.code]}</p>}
    </div>
  );
