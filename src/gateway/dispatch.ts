/**
 * From a verb's name and a request's body to its work: the one place where gateways look verbs up. What is checked here
 * is checked nowhere behind it.
 */
import { GreenroomError } from '../model/errors.ts';
import type { SessionKey } from '../model/ids.ts';
import type { RequestContext } from '../model/request-context.ts';
import type { SessionsDoor } from '../session/api/door.ts';
import type { DaemonFace, DaemonWork } from '../session/verbs/daemon-verbs.ts';
import { DAEMON_VERBS, SESSION_VERBS, SESSIONS_VERBS } from '../session/verbs/registry.ts';
import { perform, type Verb } from '../session/verbs/verb.ts';
import type {
  DaemonVerb,
  Declared,
  SessionsVerb,
  SessionVerb,
} from '../session/verbs/verb-facts.ts';
import { RequestChecks } from './body.ts';

/** What verbs are about. */
export const VERBS = {
  session: SESSION_VERBS,
  sessions: SESSIONS_VERBS,
  daemon: DAEMON_VERBS,
} as const;
export type VerbKind = keyof typeof VERBS;

/** What is asked; of one session, which. */
export type Target =
  | { readonly kind: 'session'; readonly verb: string; readonly key: SessionKey }
  | { readonly kind: 'sessions' | 'daemon'; readonly verb: string };

/** A checked request, with its verb and what carries it out. */
export interface Prepared {
  readonly verb: Declared;
  readonly request: unknown;
  readonly run: (context: RequestContext, request: unknown) => Promise<unknown>;
}

/** undefined: there is no such verb. */
export const verbNamed = (kind: VerbKind, name: string): Verb<never> | undefined =>
  Object.hasOwn(VERBS[kind], name)
    ? (VERBS[kind] as Readonly<Record<string, Verb<never>>>)[name]
    : undefined;

export class Dispatch {
  readonly #door: SessionsDoor;
  readonly #daemon: DaemonFace;
  readonly #checks = new RequestChecks();

  constructor(door: SessionsDoor, daemon: DaemonFace) {
    this.#door = door;
    this.#daemon = daemon;
  }

  /** @param value what the body says, unchecked. Throws `unknown_verb`, and what the verb's schema refuses. */
  prepare(target: Target, value: unknown): Prepared {
    const verb = verbNamed(target.kind, target.verb);
    if (verb === undefined) throw unknownVerb(target.kind, target.verb);
    return { verb, request: this.#checks.check(verb, value), run: this.#workOf(target) };
  }

  #workOf(target: Target): Prepared['run'] {
    const door = this.#door;
    switch (target.kind) {
      case 'session': {
        const { key } = target;
        const name = target.verb as SessionVerb;
        return (context, request) => door.session(context, key, name, request as never);
      }
      case 'sessions': {
        const name = target.verb as SessionsVerb;
        return (context, request) => door.sessions(context, name, request as never);
      }
      case 'daemon': {
        const daemon = this.#daemon;
        const known: Verb<DaemonWork> = DAEMON_VERBS[target.verb as DaemonVerb];
        return (context, request) => perform(known, { context, daemon }, request);
      }
    }
  }
}

/** @param kind undefined: whatever was asked is about nothing of ours. */
export const unknownVerb = (kind: VerbKind | undefined, asked: string): GreenroomError => {
  const known = Object.keys(VERBS[kind ?? 'session']).join(', ');
  return new GreenroomError(
    'unknown_verb',
    `${asked} is no verb of ${kind ?? 'ours'}; there are ${known}`.slice(0, 400),
  );
};
