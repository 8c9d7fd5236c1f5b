/** Looking in from outside: values that a command line or a page can show; nothing here changes anything. */
import type { ExitReason } from './exit-reason.ts';
import type { Process, Slot } from './process.ts';
import type { ActorRef } from './ref.ts';
import type { MessageView } from './report.ts';
import { redactedState } from './views.ts';

export interface Inspection {
  readonly id: number;
  readonly label: string;
  readonly kind: 'worker' | 'supervisor';
  readonly alive: boolean;
  /** As the behaviour's `redact` shows it. */
  readonly state: unknown;
  /** Messages that wait. */
  readonly mailbox: number;
  /** Senders that wait for room in it. */
  readonly outside: number;
  /** Calls that were handled and still have no answer. */
  readonly owed: number;
  /** The message under way; since when it is, in epoch ms. */
  readonly current: (MessageView & { readonly since: number }) | undefined;
  /** Messages handled since its start. */
  readonly reductions: number;
  /** How often it was started again. */
  readonly restarts: number;
  readonly lastCrash: ExitReason | undefined;
}

export interface TreeNode {
  readonly id: string;
  readonly label: string;
  readonly kind: 'worker' | 'supervisor';
  /** Of a running supervisor. */
  readonly strategy?: string;
  /** Absent while there is no living process. */
  readonly ref: ActorRef | undefined;
  readonly status: Slot['status'];
  readonly restarts: number;
  /** Messages that wait; absent: none. */
  readonly mailbox?: number;
  /** Its last life ended by a crash. */
  readonly hasCrashed?: true;
  readonly children: readonly TreeNode[];
}

export function inspect(process: Process): Inspection {
  return {
    id: process.id,
    label: process.label,
    kind: process.program.kind,
    alive: process.alive,
    state: redactedState(process),
    mailbox: process.mailbox.size,
    outside: process.mailbox.outside,
    owed: process.owed?.size ?? 0,
    current: process.underWay,
    reductions: process.reductions,
    restarts: process.slot?.restarts ?? 0,
    lastCrash: process.slot?.lastCrash,
  };
}

export function tree(process: Process): TreeNode {
  return {
    id: process.slot?.id ?? process.name,
    label: process.label,
    kind: process.program.kind,
    ...(process.program.strategy === undefined ? {} : { strategy: process.program.strategy }),
    ref: process.alive ? process : undefined,
    status: process.slot?.status ?? 'running',
    restarts: process.slot?.restarts ?? 0,
    ...(process.mailbox.size === 0 ? {} : { mailbox: process.mailbox.size }),
    ...(process.slot?.lastCrash === undefined ? {} : { hasCrashed: true }),
    children: [...(process.program.slots?.(process) ?? [])].map((slot) => nodeOf(slot, process)),
  };
}

/** A tree's nodes, each before its children: the order in which they were started. */
export function* walk(node: TreeNode): Generator<TreeNode, void, undefined> {
  yield node;
  for (const child of node.children) yield* walk(child);
}

const nodeOf = (slot: Slot, parent: Process): TreeNode =>
  slot.process !== undefined ? tree(slot.process) : emptyNode(slot, parent);

const emptyNode = (slot: Slot, parent: Process): TreeNode => ({
  id: slot.id,
  label: `${parent.label}/${slot.id}`,
  kind: slot.kind,
  ref: undefined,
  status: slot.status,
  restarts: slot.restarts,
  children: [],
});
