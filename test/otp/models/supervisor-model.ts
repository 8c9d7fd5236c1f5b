/**
 * What a tree of supervisors does, as a model: plain recursion over plain values, written from OTP's manual and not from
 * our code. It says which children start and stop, in which order, and who is left.
 */
import type { Restart, Strategy } from '../../../src/otp/index.ts';

export interface WorkerNode {
  readonly kind: 'worker';
  readonly id: string;
  readonly restart: Restart;
}

export interface SupervisorNode {
  readonly kind: 'supervisor';
  readonly id: string;
  readonly restart: Restart;
  readonly strategy: Strategy;
  readonly maxRestarts: number;
  readonly children: readonly TreeNode[];
}

export type TreeNode = WorkerNode | SupervisorNode;

export const MAX_SECONDS = 5;

/** How a worker may end; all but `normal` and `wished` are faults. */
export type End = 'normal' | 'wished' | 'crash' | 'kill';

interface Slot {
  readonly node: TreeNode;
  up: Worker | Supervisor | undefined;
}

interface Worker {
  readonly kind: 'worker';
}

interface Supervisor {
  readonly kind: 'supervisor';
  readonly node: SupervisorNode;
  readonly parent: Supervisor | undefined;
  readonly slots: Slot[];
  times: number[];
  alive: boolean;
}

export type Refusal =
  | 'running'
  | 'not_found'
  | 'start_failed'
  | 'already_started'
  | 'already_present';

export class SupervisorModel {
  /** `+a` for a start, `-a` for a goodbye. */
  readonly notes: string[] = [];
  readonly #failing = new Map<string, number>();
  readonly #root: Supervisor | undefined;
  #nowMs = 0;

  constructor(root: SupervisorNode) {
    const up = this.#start(root, undefined);
    this.#root = up?.kind === 'supervisor' ? up : undefined;
  }

  get alive(): boolean {
    return this.#root?.alive === true;
  }

  /** Every child of every living supervisor, as `id` or, when it does not run, `id -`. */
  get picture(): string[] {
    return this.alive && this.#root !== undefined ? this.#pictureOf(this.#root) : [];
  }

  /** The supervisor that has a child, running or not: it may start it again. */
  placeOf(id: string): string | undefined {
    return this.#find(id)?.supervisor.node.id;
  }

  wait(ms: number): void {
    this.#nowMs += ms;
  }

  failStarts(id: string, times: number): void {
    this.#failing.set(id, times);
  }

  end(id: string, how: End): void {
    const found = this.#find(id);
    if (found?.slot.up?.kind !== 'worker') return;
    if (how !== 'kill') this.notes.push(`-${id}`);
    found.slot.up = undefined;
    this.#childDied(found.supervisor, found.slot, how === 'crash' || how === 'kill');
  }

  // ── orders ───────────────────────────────────────────────────────────────────────────────────

  terminateChild(supervisorId: string, id: string): Refusal | undefined {
    return this.#ordered(supervisorId, id, (supervisor, slot) => {
      this.#stop(slot);
      if (slot.node.restart === 'temporary') remove(supervisor, slot);
      return undefined;
    });
  }

  restartChild(supervisorId: string, id: string): Refusal | undefined {
    return this.#ordered(supervisorId, id, (supervisor, slot) => {
      if (slot.up !== undefined) return 'running';
      slot.up = this.#start(slot.node, supervisor);
      return slot.up === undefined ? 'start_failed' : undefined;
    });
  }

  deleteChild(supervisorId: string, id: string): Refusal | undefined {
    return this.#ordered(supervisorId, id, (supervisor, slot) => {
      if (slot.up !== undefined) return 'running';
      remove(supervisor, slot);
      return undefined;
    });
  }

  startChild(supervisorId: string, node: WorkerNode): Refusal | undefined {
    const supervisor = this.#supervisor(supervisorId);
    if (supervisor === undefined) return undefined;
    const known = supervisor.slots.find((slot) => slot.node.id === node.id);
    if (known !== undefined) return known.up === undefined ? 'already_present' : 'already_started';
    const up = this.#start(node, supervisor);
    if (up === undefined) return 'start_failed';
    supervisor.slots.push({ node, up });
    return undefined;
  }

  #ordered(
    supervisorId: string,
    id: string,
    carryOut: (supervisor: Supervisor, slot: Slot) => Refusal | undefined,
  ): Refusal | undefined {
    const supervisor = this.#supervisor(supervisorId);
    if (supervisor === undefined) return undefined;
    const slot = supervisor.slots.find(({ node }) => node.id === id);
    return slot === undefined ? 'not_found' : carryOut(supervisor, slot);
  }

  // ── the rules ────────────────────────────────────────────────────────────────────────────────

  #start(node: TreeNode, parent: Supervisor | undefined): Worker | Supervisor | undefined {
    if (node.kind === 'worker') return this.#startWorker(node.id);
    const slots: Slot[] = node.children.map((child) => ({ node: child, up: undefined }));
    const supervisor: Supervisor = {
      kind: 'supervisor',
      node,
      parent,
      slots,
      times: [],
      alive: true,
    };
    for (const slot of slots) {
      slot.up = this.#start(slot.node, supervisor);
      if (slot.up !== undefined) continue;
      this.#stopAll(slots);
      return undefined;
    }
    return supervisor;
  }

  #startWorker(id: string): Worker | undefined {
    const failing = this.#failing.get(id) ?? 0;
    if (failing > 0) {
      this.#failing.set(id, failing - 1);
      return undefined;
    }
    this.notes.push(`+${id}`);
    return { kind: 'worker' };
  }

  #stop(slot: Slot): void {
    const { up, node } = slot;
    slot.up = undefined;
    if (up?.kind === 'worker') this.notes.push(`-${node.id}`);
    if (up?.kind !== 'supervisor') return;
    this.#stopAll(up.slots);
    up.alive = false;
  }

  #stopAll(slots: readonly Slot[]): void {
    for (const slot of slots.toReversed()) this.#stop(slot);
  }

  #childDied(supervisor: Supervisor, slot: Slot, abnormal: boolean): void {
    const { restart } = slot.node;
    if (restart === 'temporary') return remove(supervisor, slot);
    if (restart === 'permanent' || abnormal) this.#restart(supervisor, slot);
  }

  #restart(supervisor: Supervisor, failing: Slot): void {
    const { node } = supervisor;
    supervisor.times = supervisor.times.filter((ms) => ms >= this.#nowMs - MAX_SECONDS * 1_000);
    supervisor.times.push(this.#nowMs);
    if (supervisor.times.length > node.maxRestarts) return this.#giveUp(supervisor);
    const victims = victimsOf(supervisor, failing);
    this.#stopAll(victims);
    for (const slot of victims) if (slot.node.restart === 'temporary') remove(supervisor, slot);
    for (const slot of victims.filter(({ node: { restart } }) => restart !== 'temporary')) {
      slot.up = this.#start(slot.node, supervisor);
      if (slot.up === undefined) return this.#restart(supervisor, slot);
    }
  }

  #giveUp(supervisor: Supervisor): void {
    this.#stopAll(supervisor.slots);
    supervisor.alive = false;
    const { parent } = supervisor;
    const slot = parent?.slots.find(({ up }) => up === supervisor);
    if (parent === undefined || slot === undefined) return;
    slot.up = undefined;
    this.#childDied(parent, slot, false);
  }

  // ── looking ──────────────────────────────────────────────────────────────────────────────────

  #supervisor(id: string): Supervisor | undefined {
    return this.#supervisors().find(({ node }) => node.id === id);
  }

  #find(id: string): { readonly supervisor: Supervisor; readonly slot: Slot } | undefined {
    for (const supervisor of this.#supervisors()) {
      const slot = supervisor.slots.find(({ node }) => node.id === id);
      if (slot !== undefined) return { supervisor, slot };
    }
    return undefined;
  }

  #supervisors(): Supervisor[] {
    if (this.#root === undefined || !this.#root.alive) return [];
    const below = ({ slots }: Supervisor): Supervisor[] =>
      slots.flatMap(({ up }) => (up?.kind === 'supervisor' ? [up, ...below(up)] : []));
    return [this.#root, ...below(this.#root)];
  }

  #pictureOf({ slots }: Supervisor): string[] {
    return slots.flatMap(({ node, up }) =>
      up?.kind === 'supervisor'
        ? [node.id, ...this.#pictureOf(up)]
        : [up === undefined ? `${node.id} -` : node.id],
    );
  }
}

function victimsOf({ node, slots }: Supervisor, failing: Slot): Slot[] {
  if (node.strategy === 'one_for_one') return [failing];
  return node.strategy === 'one_for_all' ? [...slots] : slots.slice(slots.indexOf(failing));
}

const remove = ({ slots }: Supervisor, slot: Slot): void =>
  void slots.splice(slots.indexOf(slot), 1);
