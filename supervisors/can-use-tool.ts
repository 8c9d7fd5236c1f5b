/** The program's function that answers what waits for a person, if it gives one: it asks sessions as any door does. */
import { type AnswererArgs, answerer } from '../src/approvals/answerer.ts';
import { waitingSessions } from '../src/approvals/waiting-sessions.ts';
import { REQUEST_TIMEOUT_MS } from '../src/model/deadlines.ts';
import type { SessionKey } from '../src/model/ids.ts';
import { newTraceId, type RequestContext } from '../src/model/request-context.ts';
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { onlyIf } from '../src/otp/only-if.ts';
import type { Parts } from './parts.ts';

export const canUseTool = ({ canUseTool: given, sessions, feed, log }: Parts): ChildSpec => {
  const context = ({ tenant }: SessionKey): RequestContext => ({
    ...{ tenant, principal: 'canUseTool', via: 'internal', traceId: newTraceId() },
    receivedAtMs: sessions.clock.now(),
    deadlineMs: sessions.clock.monotonic() + REQUEST_TIMEOUT_MS,
  });
  const args: AnswererArgs = {
    ...{ canUseTool: given ?? NOBODY, feed, log, waiting: waitingSessions },
    asked: async (key) => (await sessions.session(context(key), key, 'asked', {})).approvals,
    approve: (key, answer) => sessions.session(context(key), key, 'approve', answer),
  };
  return onlyIf(given !== undefined, answerer(args));
};

const NOBODY: AnswererArgs['canUseTool'] = () => {
  throw new Error('it is not started without a function');
};
