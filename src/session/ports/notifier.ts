/** Who tells other programs what happens to sessions, as verbs see it. Owned here, implemented in `src/notifications`. */
import type { Tenant } from '../../model/ids.ts';
import { nameOf } from '../../otp/name.ts';

/** One that has not been taken yet, or was given up. */
export interface NoticeFacts {
  readonly id: string;
  readonly type: string;
  readonly atMs: number;
  readonly sessionId: string;
}

export interface TargetView {
  readonly name: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly waiting: number;
  /** The first that waits. */
  readonly oldest:
    | { readonly notice: NoticeFacts; readonly tried: number; readonly lastError?: string }
    | undefined;
  /** Given up, oldest first. */
  readonly dead: readonly {
    readonly notice: NoticeFacts;
    readonly atMs: number;
    readonly why: string;
  }[];
}

export interface Notifier {
  /** A tenant's, in the order of the file. */
  targets(tenant: Tenant): readonly TargetView[];
  /** Sends again what was given up, of one target or all, one notice or all. @returns how many. */
  retry(tenant: Tenant, target: string | undefined, id: string | undefined): number;
}

export const notifierName = nameOf<Notifier>('notifier');
