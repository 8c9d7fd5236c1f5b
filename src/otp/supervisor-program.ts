/**
 * What a supervisor with a literal list of children does: starts them in order, stops them in reverse, and when one ends
 * that should not have, restarts it, all of them, or it and those after it. While it starts or stops children its
 * mailbox waits.
 *
 * Invariants: (1) a child starts only when those before it are up; (2) whoever starts it again finds the names of its
 * predecessor free; (3) more than `maxRestarts` within `maxSeconds` and it ends itself, children first, so that its
 * own supervisor decides; (4) a restart that fails to start is a restart: it is tried again and counted; (5) who
 * waits for its gap before it starts again keeps nobody else waiting.
 */
import { systemOf } from './actor.ts';
import { checkBudget, checkChildren } from './check-children.ts';
import { whichChildren } from './child-info.ts';
import { ChildSlot, Intensity } from './child-slot.ts';
import { type Family, handleControl } from './control-messages.ts';
import { type ExitReason, isAbnormal } from './exit-reason.ts';
import { Call, type Message } from './message.ts';
import type { Exit, Process, Program, Slot } from './process.ts';
import { Refusal } from './program.ts';
import type { Strategy, SupervisorOptions } from './supervisor-options.ts';

interface State extends Family {
  readonly intensity: Intensity;
  /** Told to end while it was at work: what is under way is cut short. */
  interrupted: boolean;
}

export class SupervisorProgram implements Program {
  readonly kind = 'supervisor';
  readonly takesOrders = true;
  readonly #options: SupervisorOptions;

  constructor(options: SupervisorOptions) {
    const { children, autoShutdown = 'never', maxRestarts = 3, maxSeconds = 5 } = options;
    checkChildren(children, autoShutdown);
    checkBudget(maxRestarts, maxSeconds);
    this.#options = options;
  }

  get strategy(): Strategy {
    return this.#options.strategy;
  }

  async init(self: Process): Promise<State | Refusal> {
    const { maxRestarts = 3, maxSeconds = 5, children } = this.#options;
    const slots = children.map((spec) => new ChildSlot(spec));
    const intensity = new Intensity(maxRestarts, maxSeconds);
    const state: State = { slots, intensity, interrupted: false };
    self.trapping = true;
    self.state = state;
    const failure = await this.#startAll(self, state, [...slots]);
    if (failure === undefined) return state;
    await stopAll(self, slots);
    return new Refusal({ shutdown: { child: failure.slot.id, reason: failure.reason } });
  }

  receive(self: Process, message: Message): void | Promise<void> {
    if (message instanceof Call) return this.#handleControl(self, message);
    if (message.kind !== 'exit') return;
    const { from, reason } = message.payload as Exit;
    const state = stateOf(self);
    const slot = state.slots.find(({ process }) => process === from && process !== undefined);
    if (slot !== undefined) return this.#childExited(self, state, slot, reason);
    if (from === undefined || from === self.parent) self.end(reason);
  }

  async terminate(self: Process): Promise<void> {
    await stopAll(self, stateOf(self).slots);
  }

  redact(self: Process): unknown {
    const { strategy, maxRestarts, maxSeconds } = this.#options;
    return { strategy, maxRestarts, maxSeconds, children: whichChildren(self) };
  }

  /** What is being started is given up, so that the supervisor can end. */
  interrupt(self: Process): void {
    const state = stateOf(self);
    state.interrupted = true;
    for (const child of self.children ?? []) {
      if (child.phase === 'starting') child.signalExit('shutdown', self);
    }
  }

  slots(self: Process): Iterable<Slot> {
    return (self.state as State | undefined)?.slots ?? [];
  }

  #handleControl(self: Process, call: Call): Promise<void> {
    return handleControl(self, stateOf(self), call, this.#options.autoShutdown ?? 'never');
  }

  async #startAll(
    self: Process,
    state: State,
    slots: readonly ChildSlot[],
  ): Promise<Failure | undefined> {
    for (const slot of slots) {
      if (!self.alive || state.interrupted) return { slot, reason: 'shutdown' };
      const result = await slot.start(systemOf(self), self);
      if (result.kind === 'failed') return { slot, reason: result.reason };
      if (slot.restarts > 0) reportRestart(self, slot);
      const isNobody = result.kind === 'ignored' && slot.spec.restart === 'temporary';
      if (isNobody) state.slots.splice(state.slots.indexOf(slot), 1);
    }
    return undefined;
  }

  #childExited(
    self: Process,
    state: State,
    slot: ChildSlot,
    reason: ExitReason,
  ): void | Promise<void> {
    slot.vacate(self, reason);
    const { restart } = slot.spec;
    const isOver = restart === 'temporary' || (restart === 'transient' && !isAbnormal(reason));
    if (!isOver) return this.#restart(self, state, { slot, reason });
    if (restart === 'temporary') state.slots.splice(state.slots.indexOf(slot), 1);
    if (this.#endsWith(slot, state)) self.end('shutdown');
  }

  /** Whether the supervisor ends with this child, which has ended for good. */
  #endsWith({ spec }: ChildSlot, { slots }: State): boolean {
    const { autoShutdown = 'never' } = this.#options;
    if (spec.significant !== true || autoShutdown === 'never') return false;
    const isLeft = ({ spec, status }: ChildSlot) =>
      spec.significant === true && (status === 'running' || status === 'restarting');
    return autoShutdown === 'any_significant' || !slots.some(isLeft);
  }

  /** Tries until the strategy's victims are up again, or the budget is gone, or the supervisor itself is to end. */
  async #restart(self: Process, state: State, first: Failure): Promise<void> {
    for (let failure: Failure | undefined = first; failure !== undefined; ) {
      if (!self.alive || state.interrupted) return;
      if (!state.intensity.allows(self.host.clock.monotonic())) return giveUp(self, state, failure);
      const again = await this.#stopVictims(self, state, failure.slot);
      const gapMs = this.#gapMs(self, failure.slot);
      if (gapMs > 0) return this.#restartAfter(gapMs, self, state, again);
      failure = await this.#startAll(self, state, again);
    }
  }

  /** Those of them that are to start again. */
  async #stopVictims(self: Process, state: State, failing: ChildSlot): Promise<ChildSlot[]> {
    const victims = this.#victims(state, failing);
    await stopAll(self, victims);
    const again = victims.filter(({ spec }) => spec.restart !== 'temporary');
    for (const slot of victims) {
      if (again.includes(slot)) slot.restarts++;
      else state.slots.splice(state.slots.indexOf(slot), 1);
    }
    return again;
  }

  /** What is left of its gap, in milliseconds. */
  #gapMs({ host }: Process, { startedMs = Number.NEGATIVE_INFINITY }: ChildSlot): number {
    const { restartGapMs = 0 } = this.#options;
    return restartGapMs === 0 ? 0 : startedMs + restartGapMs - host.clock.monotonic();
  }

  /** Meanwhile messages are handled: another restart may have started them by then. */
  #restartAfter(gapMs: number, self: Process, state: State, slots: readonly ChildSlot[]): void {
    for (const slot of slots) slot.status = 'restarting';
    const start = async () => {
      const waiting = slots.filter(({ status }) => status === 'restarting');
      const failure = await this.#startAll(self, state, waiting);
      if (failure !== undefined) await this.#restart(self, state, failure);
    };
    self.after(gapMs, () => self.later('restart', start));
  }

  #victims({ slots }: State, failing: ChildSlot): ChildSlot[] {
    switch (this.#options.strategy) {
      case 'one_for_one':
        return [failing];
      case 'one_for_all':
        return [...slots];
      case 'rest_for_one':
        return slots.slice(slots.indexOf(failing));
    }
  }
}

/** Who could not be kept running, and why. */
interface Failure {
  readonly slot: ChildSlot;
  readonly reason: ExitReason;
}

const stateOf = (self: Process): State => self.state as State;

async function stopAll(self: Process, slots: readonly ChildSlot[]): Promise<void> {
  for (const slot of slots.toReversed()) await slot.stop(self);
}

function giveUp(self: Process, { intensity }: State, { slot, reason }: Failure): void {
  const { maxRestarts, maxSeconds } = intensity;
  const limits = { maxRestarts, maxSeconds };
  self.host.report({ kind: 'gave_up', supervisor: self.label, child: slot.id, reason, ...limits });
  self.end({ shutdown: 'max_restarts' });
}

const reportRestart = (self: Process, { id, restarts }: ChildSlot): void =>
  self.host.report({ kind: 'child_restarted', supervisor: self.label, child: id, restarts });
