/**
 * A supervisor of children that are started on demand, one per key. Each child has a restart budget of its own: one
 * that uses it up is parked, and the others go on. `ensure` and the rest of its face act on the table directly, in
 * the caller's turn: every step is synchronous, so two callers never start one key twice, and a child that is slow to
 * start delays only the callers that want it.
 */
import { spawn } from './actor.ts';
import { checkBudget, checkLimit } from './check-children.ts';
import type { ChildSpec } from './child-spec.ts';
import { Children } from './dynamic-children.ts';
import type { DynamicOptions } from './dynamic-options.ts';
import type { Message } from './message.ts';
import type { Exit, Process, Program, Slot } from './process.ts';
import type { ActorRef } from './ref.ts';

export type { Backoff, DynamicChild, DynamicOptions, DynamicRef } from './dynamic-options.ts';

/** Declares a supervisor whose children are started by key, through the face under its `name`. */
export function dynamicSupervisor<
  Key,
  R extends ActorRef = ActorRef,
  Args extends readonly unknown[] = [],
>(options: DynamicOptions<Key, R, Args>): ChildSpec {
  const { maxChildren, maxRestarts = 3, maxSeconds = 5 } = options;
  checkBudget(maxRestarts, maxSeconds);
  checkLimit('maxChildren', maxChildren);
  const program = new DynamicProgram(options);
  return {
    id: options.id,
    type: 'supervisor',
    restart: options.restart ?? 'permanent',
    shutdownMs: options.shutdownMs ?? 'infinity',
    start: (system, place) => spawn(system, program, { id: options.id, ...place }),
  };
}

class DynamicProgram<Key, R extends ActorRef, Args extends readonly unknown[]> implements Program {
  readonly kind = 'supervisor';
  readonly strategy = 'dynamic';
  readonly #options: DynamicOptions<Key, R, Args>;

  constructor(options: DynamicOptions<Key, R, Args>) {
    this.#options = options;
  }

  init(self: Process): Children<Key, R, Args> {
    self.trapping = true;
    const children = new Children(self, this.#options);
    self.own(() => children.refuseWaiters());
    if (this.#options.name !== undefined) self.register(this.#options.name, children);
    return children;
  }

  receive(self: Process, message: Message): void {
    if (message.kind !== 'exit') return;
    const { from, reason } = message.payload as Exit;
    if (from === undefined || from === self.parent) return self.end(reason);
    (self.state as Children<Key, R, Args>).childExited(from as Process, reason);
  }

  async terminate(self: Process): Promise<void> {
    await (self.state as Children<Key, R, Args>).stopAll();
  }

  redact(self: Process): unknown {
    const { maxChildren } = this.#options;
    return { size: (self.state as Children<Key, R, Args>).size, maxChildren };
  }

  slots(self: Process): Iterable<Slot> {
    return (self.state as Children<Key, R, Args> | undefined)?.slots() ?? [];
  }
}
