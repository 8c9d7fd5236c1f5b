/** Process groups: a command and all that it starts, but for what leaves the group. */
import { readFile } from 'node:fs/promises';
import { type Clock, pause } from '../../otp/clock.ts';
import { ofAllProcesses } from './processes.ts';

const LOOK_MS = 10;
/** For the kernel to take away what was killed. */
const GONE_MS = 2_000;

/** False when there is no such group any more. */
export const signalGroup = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-pid, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it is there, and another user's
  }
};

/** Ends groups, any number at a time. */
export class Groups {
  readonly #clock: Clock;
  #look: Promise<ReadonlySet<number> | undefined> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Asks a group to end, and kills it after the grace. Resolves when it is gone. */
  async end(pid: number, graceMs: number): Promise<void> {
    if (!signalGroup(pid, 'SIGTERM')) return;
    if (await this.#isGoneWithin(pid, graceMs)) return;
    signalGroup(pid, 'SIGKILL');
    await this.#isGoneWithin(pid, GONE_MS);
  }

  /** Whether a process of it lives. */
  async isThere(pid: number): Promise<boolean> {
    if (!signalGroup(pid, 0)) return false;
    return (await this.#living())?.has(pid) ?? true;
  }

  async #isGoneWithin(pid: number, ms: number): Promise<boolean> {
    const until = this.#clock.monotonic() + ms;
    while (await this.isThere(pid)) if (this.#clock.monotonic() >= until) return false;
    return true;
  }

  /** One look serves all that have asked by its beginning. */
  #living(): Promise<ReadonlySet<number> | undefined> {
    this.#look ??= pause(this.#clock, LOOK_MS).then(() => {
      this.#look = undefined;
      return livingGroups();
    });
    return this.#look;
  }
}

/**
 * Groups with a process that lives. A signal also finds those that have ended and were not yet taken note of: what has
 * lost its parent waits for that on the system's first process, which may take its time. undefined: it is not known here.
 */
const livingGroups = async (): Promise<ReadonlySet<number> | undefined> => {
  if (process.platform !== 'linux') return undefined;
  return new Set(await ofAllProcesses(groupOf));
};

/** 0: it does not live. */
const groupOf = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Behind the program's name in parentheses: state, parent, group.
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? 0 : Number(group ?? 0);
};
