/** The program's functions that answer what waits for a person, if it gives some: they ask sessions as any door does. */
import { type AnswererArgs, answerer } from '../src/approvals/answerer.ts';
import { waitingSessions } from '../src/approvals/waiting-sessions.ts';
import { REQUEST_TIMEOUT_MS } from '../src/model/deadlines.ts';
import type { SessionKey } from '../src/model/ids.ts';
import { newTraceId, type RequestContext } from '../src/model/request-context.ts';
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { onlyIf } from '../src/otp/only-if.ts';
import type { Parts } from './parts.ts';

export const canUseTool = ({ canUseTool: ofAll, lent, sessions, feed, log }: Parts): ChildSpec => {
  const context = ({ tenant }: SessionKey): RequestContext => ({
    ...{ tenant, principal: 'canUseTool', via: 'internal', traceId: newTraceId() },
    receivedAtMs: sessions.clock.now(),
    deadlineMs: sessions.clock.monotonic() + REQUEST_TIMEOUT_MS,
  });
  const args: AnswererArgs = {
    ...{ feed, log, waiting: waitingSessions },
    canUseTool: (key) => lent?.at(key)?.canUseTool ?? ofAll,
    asked: async (key) => {
      const { approvals } = await sessions.session(context(key), key, 'asked', {});
      return approvals.flatMap((each) => ('budget' in each ? [] : [each])); // money is no tool's
    },
    approve: (key, answer) => sessions.session(context(key), key, 'approve', answer),
  };
  return onlyIf(ofAll !== undefined || lent !== undefined, answerer(args));
};
