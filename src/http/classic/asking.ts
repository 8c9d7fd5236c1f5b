/** Asks verbs for one caller, under one context: as far as its token goes, and no further. */
import { type Target, verbNamed } from '../../gateway/dispatch.ts';
import { sessionKey } from '../../model/ids.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type {
  SessionReplies,
  SessionRequests,
  SessionsReplies,
  SessionsRequests,
} from '../../session/verbs/registry.ts';
import { isNarrow, narrowed, needsTheirs } from '../access/narrowing.ts';
import { mustHave } from '../access/scopes.ts';
import type { Grant } from '../access/token-book.ts';
import { type Ground, mustSee } from '../rest/ground.ts';

export class Asking {
  readonly #ground: Ground;
  readonly #grant: Grant;
  readonly #context: RequestContext;

  constructor(ground: Ground, grant: Grant, context: RequestContext) {
    this.#ground = ground;
    this.#grant = grant;
    this.#context = context;
  }

  session<V extends keyof SessionReplies>(
    sessionId: string,
    verb: V,
    request: SessionRequests[V],
  ): Promise<SessionReplies[V]> {
    const key = sessionKey(this.#grant.tenant, sessionId);
    return this.#ask({ kind: 'session', verb, key }, request) as Promise<SessionReplies[V]>;
  }

  sessions<V extends keyof SessionsReplies>(
    verb: V,
    request: SessionsRequests[V],
  ): Promise<SessionsReplies[V]> {
    return this.#ask({ kind: 'sessions', verb }, request) as Promise<SessionsReplies[V]>;
  }

  /** Takes back a session that this request has made: that needs no scope besides those that it was made with. */
  async takeBack(sessionId: string): Promise<void> {
    const key = sessionKey(this.#grant.tenant, sessionId);
    await this.#ground.door.session(this.#context, key, 'delete', { release: false });
  }

  async #ask(target: Target, value: unknown): Promise<unknown> {
    const grant = this.#grant;
    const need = verbNamed(target.kind, target.verb)?.needs ?? 'admin';
    mustHave(grant, need);
    const isForSome = isNarrow(grant);
    const asked = isForSome ? narrowed(grant, target, value) : value;
    if (isForSome && target.kind === 'session' && needsTheirs(target))
      await mustSee(this.#ground, this.#context, grant, target.key);
    const { request, run } = this.#ground.dispatch.prepare(target, asked);
    return run(this.#context, request);
  }
}
