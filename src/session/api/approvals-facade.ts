/** Tool calls that wait for a person, as programs list and answer them; embedded or over NATS. */
import type { SessionsApi } from '../verbs/api.ts';
import type {
  SessionReplies,
  SessionRequests,
  SessionsReplies,
  SessionsRequests,
} from '../verbs/registry.ts';

type Answer = SessionRequests['approve'];
type Answered = SessionReplies['approve'];
/** What an answer may say besides. */
type More = Omit<Answer, 'approvalId' | 'decision'>;

export class ApprovalsFacade {
  readonly #api: SessionsApi;

  constructor(api: SessionsApi) {
    this.#api = api;
  }

  /** In all sessions, those of the session that changed last first; without their inputs. */
  list(page: SessionsRequests['approvals'] = {}): Promise<SessionsReplies['approvals']> {
    return this.#api.sessions('approvals', page);
  }

  /** Those of one session, each with its input. */
  async of(sessionId: string): Promise<SessionReplies['asked']['approvals']> {
    return (await this.#api.session(sessionId, 'asked', {})).approvals;
  }

  /**
   * Lets the call run: this once, for the session, or by a rule. The first answer counts: a later one rejects with
   * `already_decided`, and with `approval_not_found` once the turn has ended.
   */
  allow(sessionId: string, approvalId: string, more: More = {}): Promise<Answered> {
    return this.#api.session(sessionId, 'approve', { ...more, approvalId, decision: 'allow' });
  }

  /** Lets it not run; the model hears the reason. The first answer counts here too. */
  deny(sessionId: string, approvalId: string, more: More = {}): Promise<Answered> {
    return this.#api.session(sessionId, 'approve', { ...more, approvalId, decision: 'deny' });
  }
}
