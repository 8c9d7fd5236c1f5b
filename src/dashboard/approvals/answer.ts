/** What waits for a person, and how one answers it. */
import { askSession } from '../ground/ask.ts';
import { attempt } from '../ground/notice.ts';
import type { SessionReplies, SessionsReplies } from '../ground/replies.ts';

export type Asked =
  | SessionsReplies['approvals']['approvals'][number]
  | SessionReplies['asked']['approvals'][number];
export type AskedBudget = Extract<Asked, { readonly budget: object }>;
export type AskedCall = Exclude<Asked, AskedBudget>;

export interface Answer {
  readonly decision: 'allow' | 'deny';
  readonly scope?: 'once' | 'session' | 'rule';
  readonly input?: Record<string, unknown>;
  readonly reason?: string;
}

export const answer = (
  { sessionId, approvalId }: Pick<Asked, 'sessionId' | 'approvalId'>,
  given: Answer,
): Promise<boolean> =>
  attempt(given.decision === 'allow' ? 'allowed' : 'denied', () =>
    askSession(sessionId, 'approve', { approvalId, ...given }),
  );
