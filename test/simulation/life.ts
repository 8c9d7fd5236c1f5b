/** What a simulation knows of one actor: where it sits, when it came and went, and why. */
import type { ActorRef, ExitReason } from '../../src/otp/index.ts';
import type { Plan } from './plan.ts';

export interface Life {
  readonly plan: Plan;
  /** Place among its siblings. */
  readonly index: number;
  /** Of its supervisor; an outsider has none. */
  readonly parent: Life | undefined;
  /** In the order of all that happened. */
  readonly startedNo: number;
  readonly startedMs: number;
  phase: 'starting' | 'up' | 'ignored' | 'over';
  ref: ActorRef | undefined;
  settledMs: number | undefined;
  goneMs: number | undefined;
  reason: ExitReason | undefined;
  /** Its supervisor has told it to end, as far as can be seen. */
  ordered: boolean;
  /** With which reason it began to say goodbye, if it did. */
  farewell: ExitReason | undefined;
  /** The simulation itself has killed it. */
  killed: boolean;
  /** To somebody: then the reason of its end says little of who wanted it. */
  linked: boolean;
  readonly family: Family;
}

/** The children that a supervisor has had in one life of its own. */
export interface Family {
  readonly lives: Life[];
  /** What makes the supervisor restart something: deaths that it did not order, and starts that failed. */
  readonly causes: Cause[];
  readonly restarts: { readonly seat: string; causedMs: number }[];
  /** For how long it was, at most, too busy to look into its mailbox. */
  busyMs: number;
}

export interface Cause {
  readonly life: Life;
  readonly no: number;
  readonly ms: number;
  /** When the same seat was taken again. A supervisor that is busy gets to a death later than it happens. */
  curedNo: number;
  /** A start that failed. */
  readonly atStart: boolean;
  /** Whether it really was one cannot be seen from outside. */
  readonly unsure: boolean;
}

/** The last of a family's lives in a seat. */
export const lastOf = (family: Family, id: string): Life | undefined =>
  family.lives.findLast(({ plan }) => plan.id === id);

export const isOver = ({ phase }: Life): boolean => phase === 'over' || phase === 'ignored';

/** Where it is in the tree, for messages. */
export const nameOfLife = ({ plan, startedNo }: Life): string => `${plan.id}#${startedNo}`;
