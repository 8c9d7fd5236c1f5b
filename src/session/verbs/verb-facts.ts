/** What is declared of each verb, by its name: see `facts/declared.ts`. Nothing is loaded with it. */
import { ARCHIVES } from './facts/archives.ts';
import { DAEMON } from './facts/daemon.ts';
import { type Declared, declared } from './facts/declared.ts';
import { DEFINITIONS } from './facts/definitions.ts';
import { SESSION } from './facts/session.ts';
import { ALL } from './facts/sessions.ts';

export { type Declared, type Example, NEEDS, type Need } from './facts/declared.ts';
export { DAEMON, SESSION };

/** Verbs on what a tenant has. */
export const SESSIONS = { ...ALL, ...ARCHIVES, ...DEFINITIONS };

/** Verbs on one session that are not one request and one reply. */
export const TURNS = {
  turn: declared('send', 'Queues a turn in the broker.', { turnId: 'hello-1', prompt: 'Hello' }),
  ask: declared('send', 'Runs a turn, and tells its events.', { prompt: 'Hello' }),
} satisfies Record<string, Declared>;

export type SessionVerb = keyof typeof SESSION;
export type SessionsVerb = keyof typeof SESSIONS;
export type DaemonVerb = keyof typeof DAEMON;
