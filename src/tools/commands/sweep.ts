/**
 * Finds what commands have left running, also those that have left their group and their session: each inherits
 * variables that name the launcher which started it, and the command. Linux only; one that clears its environment is not
 * found.
 */
import { readFile, stat } from 'node:fs/promises';
import { type Clock, pause } from '../../otp/clock.ts';
import { ofAllProcesses } from './processes.ts';

/** Stands in the environment of each command; its value is the launcher's mark. */
export const MARK = 'GREENROOM_CHILD';
/** The same; its value is the number of the command. */
const NUMBER = 'GREENROOM_COMMAND';

/** What a command has in its environment to be found by. */
export const marksOf = (mark: string, id: number): Readonly<Record<string, string>> => ({
  [MARK]: mark,
  [NUMBER]: String(id),
});

/** A process may start another while it is looked for, so it is done when two looks in a row have found nothing. */
const CALM_LOOKS = 2;
const MAX_LOOKS = 50;
const BETWEEN_MS = 10;

/** Kills all that bear the mark. Gives how many there were. @param ids of these commands only. */
export const sweep = async (
  mark: string,
  clock: Clock,
  ids?: ReadonlySet<string>,
): Promise<number> => {
  let killed = 0;
  let calm = 0;
  for (let look = 0; look < MAX_LOOKS && calm < CALM_LOOKS; look += 1) {
    if (look > 0) await pause(clock, BETWEEN_MS);
    const found = await marked(mark, ids);
    for (const pid of found) kill(pid);
    killed += found.length;
    calm = found.length === 0 ? calm + 1 : 0;
  }
  return killed;
};

/** Those of our user that bear the mark, but for the caller. */
export const marked = async (
  mark: string,
  ids?: ReadonlySet<string>,
): Promise<readonly number[]> => {
  if (process.platform !== 'linux') return [];
  const found = await ofAllProcesses(async (pid) => ((await bears(pid, mark, ids)) ? pid : 0));
  return found.filter((pid) => pid !== 0);
};

const bears = async (pid: number, mark: string, ids?: ReadonlySet<string>): Promise<boolean> => {
  if (pid === process.pid) return false;
  try {
    const variables = (await readFile(`/proc/${pid}/environ`, 'latin1')).split('\0');
    if (!variables.includes(`${MARK}=${mark}`)) return false;
    const number = variables.find((one) => one.startsWith(`${NUMBER}=`))?.slice(NUMBER.length + 1);
    if (ids !== undefined && !ids.has(number ?? '')) return false;
    return (await stat(`/proc/${pid}`)).uid === process.getuid?.();
  } catch {
    return false; // it has ended, or is not ours to read
  }
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
};

/** Ends what single commands have left running; one look serves all that have asked by its beginning. */
export class Strays {
  readonly #mark: string;
  readonly #clock: Clock;
  #ids = new Set<string>();
  #sweeping: Promise<unknown> | undefined;

  constructor(mark: string, clock: Clock) {
    this.#mark = mark;
    this.#clock = clock;
  }

  end(id: number): Promise<unknown> {
    this.#ids.add(String(id));
    this.#sweeping ??= pause(this.#clock, BETWEEN_MS).then(() => {
      const ids = this.#ids;
      this.#ids = new Set();
      this.#sweeping = undefined;
      return sweep(this.#mark, this.#clock, ids);
    });
    return this.#sweeping;
  }
}
