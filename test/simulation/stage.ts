/** Makes actors of a plan, each of which is written down at its birth and at its death. */
import type {
  ActorRef,
  ChildSpec,
  DynamicRef,
  Name,
  StartResult,
  System,
  TaskRunner,
} from '../../src/otp/index.ts';
import type { Registry } from './key-book.ts';
import type { Life } from './life.ts';
import type { DynamicPlan, Plan, SupervisorPlan, WorkerPlan } from './plan.ts';
import { type PlayerRef, playersOf, type Troupe } from './player.ts';
import type { Runtime } from './runtime.ts';

export type Keyed = DynamicRef<string, PlayerRef>;

export const nameOfKeyed = ({ otp }: Runtime, id: string): Name<Keyed> => otp.nameOf(id);
export const nameOfRegistry = ({ otp }: Runtime, id: string): Name<Registry> => otp.nameOf(id);
export const nameOfTasks = ({ otp }: Runtime, id: string): Name<TaskRunner> => otp.nameOf(id);

export class Stage {
  readonly #troupe: Troupe;
  readonly #players: ReturnType<typeof playersOf>;

  constructor(troupe: Troupe) {
    this.#troupe = troupe;
    this.#players = playersOf(troupe.runtime);
  }

  specOf(plan: Plan, index = 0): ChildSpec {
    if (plan.kind === 'worker') return this.player(plan, index);
    return this.#seen(plan, index, this.#bare(plan));
  }

  player(plan: WorkerPlan, index = 0): ChildSpec<PlayerRef> {
    const { id, restart, shutdownMs, mailboxLimit, initTimeoutMs } = plan;
    const options = { id, restart, shutdownMs, mailboxLimit, initTimeoutMs };
    return this.#seen(
      plan,
      index,
      this.#players.childSpec({ troupe: this.#troupe, plan }, options),
    );
  }

  /** A player outside the tree, whom nobody restarts. */
  async outsider(system: System, plan: WorkerPlan): Promise<void> {
    const { chronicle } = this.#troupe;
    const life = chronicle.starting(plan, 0, undefined);
    const ref = await this.#players.start(system, { troupe: this.#troupe, plan }, { id: plan.id });
    this.#attend(life, ref);
    chronicle.up(life);
  }

  #bare(plan: Exclude<Plan, WorkerPlan>): ChildSpec {
    const { otp } = this.#troupe.runtime;
    switch (plan.kind) {
      case 'supervisor':
        return otp.supervisor({ ...plan, children: this.#childrenOf(plan) });
      case 'dynamic':
        return this.#dynamic(plan);
      case 'registry':
        return otp.registry({ id: plan.id, name: nameOfRegistry(this.#troupe.runtime, plan.id) });
      case 'tasks': {
        const { id, maxChildren } = plan;
        return otp.taskSupervisor({ id, name: nameOfTasks(this.#troupe.runtime, id), maxChildren });
      }
    }
  }

  #childrenOf({ children }: SupervisorPlan): ChildSpec[] {
    return children.map((child, index) => this.specOf(child, index));
  }

  #dynamic(plan: DynamicPlan): ChildSpec {
    const { otp } = this.#troupe.runtime;
    const { keys, kind: _, ...options } = plan;
    return otp.dynamicSupervisor<string, PlayerRef>({
      ...options,
      name: nameOfKeyed(this.#troupe.runtime, plan.id),
      child: (key) => {
        const known = keys.find(({ id }) => id === key);
        if (known === undefined) throw new Error(`nobody planned ${key}`);
        return this.player(known);
      },
    });
  }

  /** The same child; its lives are written down. */
  #seen<R extends ActorRef>(plan: Plan, index: number, spec: ChildSpec<R>): ChildSpec<R> {
    const { chronicle } = this.#troupe;
    return {
      ...spec,
      start: (system, place) => {
        const parent = place.parent === undefined ? undefined : chronicle.at(place.parent.name);
        const life = chronicle.starting(plan, index, parent);
        const started = spec.start(system, place);
        if (place.slot.process !== undefined) this.#attend(life, place.slot.process);
        if (started instanceof Promise) {
          return started.then((result) => this.#settled(life, result));
        }
        return this.#settled(life, started);
      },
    };
  }

  #settled(life: Life, result: StartResult): StartResult {
    const { chronicle } = this.#troupe;
    if (result.kind === 'started') chronicle.up(life);
    else if (result.kind === 'ignored') chronicle.ignored(life);
    else chronicle.gone(life, result.reason);
    return result;
  }

  #attend(life: Life, ref: ActorRef): void {
    const { runtime, chronicle } = this.#troupe;
    life.ref = ref;
    let isDead = true; // then it is told at once, and its end is known by other ways
    runtime.watch(ref, (reason) => {
      if (!isDead) chronicle.gone(life, reason);
    });
    isDead = false;
  }
}
