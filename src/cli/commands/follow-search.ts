/** `greenroom sessions search --follow`: what meets a query, and what enters, changes and leaves, until Ctrl-C. */
import { systemClock } from '../../otp/system-clock.ts';
import { SessionsFacade } from '../../session/api/facade.ts';
import type { WatchEvent } from '../../session/api/live-query.ts';
import type { SessionSummary } from '../../session/verbs/reply-schemas.ts';
import { criteriaOf, type FilterOptions } from '../criteria.ts';
import { money } from '../format.ts';
import type { Invocation } from '../invocation.ts';
import type { DaemonClient } from '../shell.ts';
import { oneLine } from '../width.ts';

export const follow = async (
  daemon: DaemonClient,
  run: Invocation,
  options: FilterOptions,
): Promise<void> => {
  const sessions = new SessionsFacade(daemon, systemClock);
  for await (const event of sessions.watch(await criteriaOf(daemon, options))) {
    if (event.type === 'present' && event.why !== 'opened')
      run.out.note(`changes were missed (${WHY[event.why]}): what follows is all there is now`);
    run.out.one(event, () =>
      linesOf(event)
        .map((line) => `${oneLine(line, run.out.width)}\n`)
        .join(''),
    );
    await run.out.drained();
  }
};

const WHY = {
  behind: 'more changed than is kept for a reader',
  lost: 'the daemon began anew',
} as const;

const linesOf = (event: WatchEvent): readonly string[] => {
  if (event.type === 'present')
    return event.sessions.map((session) => line('present', session.sessionId, session));
  return [line(event.type, event.sessionId, event.session)];
};

const line = (type: string, sessionId: string, session: SessionSummary | undefined): string =>
  [
    type,
    sessionId,
    ...(session === undefined
      ? ['deleted']
      : [
          session.status,
          money(session.totalCostUsd, session.knownCostUsd),
          session.tags.join(','),
          session.title ?? session.summary ?? '',
        ]),
  ].join(' ');
