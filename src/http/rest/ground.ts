/** What all requests by HTTP stand on. */
import type { Dispatch } from '../../gateway/dispatch.ts';
import type { Reply } from '../../gateway/paging.ts';
import type { Requests } from '../../gateway/requests.ts';
import type { SessionKey } from '../../model/ids.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { Clock } from '../../otp/clock.ts';
import type { SessionsDoor } from '../../session/api/door.ts';
import { mustBeTheirs } from '../access/narrowing.ts';
import type { Grant } from '../access/token-book.ts';
import type { OpenStreams } from '../streams/open-streams.ts';
import type { SessionFeed } from '../streams/session-feed.ts';
import type { KeyedAnswers } from './keyed-answers.ts';

export interface Ground {
  readonly door: SessionsDoor;
  readonly clock: Clock;
  readonly dispatch: Dispatch;
  readonly requests: Requests;
  readonly streams: OpenStreams;
  readonly feed: SessionFeed;
  /** Answers to changes that may be sent again. */
  readonly keyed: KeyedAnswers<Reply<string>>;
  /** Whether a token that was let in would still be. */
  readonly isGood: (grant: Grant) => boolean;
}

/** Rejects with `session_not_found` for a session that is not the token's. */
export const mustSee = async (
  { door }: Pick<Ground, 'door'>,
  context: RequestContext,
  grant: Grant,
  key: SessionKey,
): Promise<void> => {
  const { session } = await door.session(context, key, 'get', {});
  mustBeTheirs(grant, session, key.sessionId);
};
