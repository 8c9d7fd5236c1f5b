/** What became of sessions and what their tools did, and by whom; embedded or over NATS. */
import type { SessionsApi } from '../verbs/api.ts';
import type {
  SessionReplies,
  SessionRequests,
  SessionsReplies,
  SessionsRequests,
} from '../verbs/registry.ts';

export class AuditFacade {
  readonly #api: SessionsApi;

  constructor(api: SessionsApi) {
    this.#api = api;
  }

  /** Of all sessions, newest first; of those that are deleted too. */
  list(page: SessionsRequests['audit-all'] = {}): Promise<SessionsReplies['audit-all']> {
    return this.#api.sessions('audit-all', page);
  }

  /** Of one session, oldest first, 100 a page. */
  of(sessionId: string, page: SessionRequests['audit'] = {}): Promise<SessionReplies['audit']> {
    return this.#api.session(sessionId, 'audit', page);
  }
}
