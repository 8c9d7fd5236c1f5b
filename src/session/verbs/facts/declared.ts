/**
 * What is declared of a verb before anything of it is loaded: who may ask, how long it may take, how a wrong value is
 * called, an example, a sentence. Clients and the command line read this; its schemas and its work stand in a `Verb`
 * (`../verb.ts`).
 *
 * Invariant: nothing is imported here that costs time to load, no `zod` above all.
 */
import { REQUEST_TIMEOUT_MS } from '../../../model/deadlines.ts';
import type { ErrorCode } from '../../../model/errors.ts';

/**
 * What a caller must be allowed to do: the words for roles and for the scopes of tokens. `admin` is for what tells of the
 * daemon, and so of all tenants at once.
 */
export const NEEDS = ['read', 'send', 'approve', 'operate', 'admin'] as const;
export type Need = (typeof NEEDS)[number];

export interface Declared {
  /** What it does, in a sentence. */
  readonly says: string;
  readonly needs: Need;
  /** Code of a request whose fields have the right types and a wrong value. */
  readonly refusal: ErrorCode;
  /** By when it is answered, unless the request says otherwise; embedded and over NATS the same. */
  readonly timeoutMs: number;
  readonly example: Example;
  /** It is answered when something happens: until then it takes no place among the requests under way. */
  readonly waits?: true;
}

/** A request that works, and, where that is short, what it is answered with. */
export interface Example {
  readonly request: object;
  readonly reply?: object;
}

export const declared = (
  needs: Need,
  says: string,
  request: object = {},
  more: Partial<Pick<Declared, 'refusal' | 'timeoutMs' | 'waits'>> & Pick<Example, 'reply'> = {},
): Declared => {
  const { refusal = 'invalid_request', timeoutMs = REQUEST_TIMEOUT_MS, reply, ...rest } = more;
  const example = reply === undefined ? { request } : { request, reply };
  return { says, needs, refusal, timeoutMs, example, ...rest };
};

export const SETTINGS = { refusal: 'invalid_settings' } as const;
export const CRITERIA = { refusal: 'invalid_criteria' } as const;
/** Foreign lines are parsed, and a model's call is waited for. */
export const SLOW_MS = 120_000;
export const CLEANUP_MS = 600_000;
/** Answered out of memory: a daemon that needs longer hangs, and who looks at it wants to know that. */
export const LOOK_MS = 10_000;
export const LOOK = { timeoutMs: LOOK_MS } as const;
