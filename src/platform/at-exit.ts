/**
 * What has to be done when this process, or this thread, ends by `process.exit` or by an error that nobody caught.
 *
 * Not by a listener for 'exit': the host may take all of them away, or put one before ours that throws or exits
 * itself. Whatever ends a process in an orderly way calls `process.emit` or `process.reallyExit`, in every version
 * of Node, with or without listeners. So these two are what we stand before. They stay there: another library may
 * have put itself before them since.
 */
import process from 'node:process';

/** The part of `process` that ends it. */
export interface Ending {
  emit(event: string | symbol, ...args: readonly unknown[]): boolean;
  reallyExit(code?: number): unknown;
}

type Act = () => void;

/** Where what has to be done stands, once for all copies of this library. */
const ACTS = Symbol.for('greenroom.at-exit');

/**
 * Runs `act` before the host's own listeners; again if the process ends from within one of them. Gives back what
 * takes it away again. @param ending for tests.
 */
export const atExit = (act: Act, ending: Ending = process as unknown as Ending): (() => void) => {
  const acts = actsOf(ending);
  const ours = () => act();
  acts.add(ours);
  return () => void acts.delete(ours);
};

const actsOf = (ending: Ending & { readonly [ACTS]?: Set<Act> }): Set<Act> =>
  ending[ACTS] ?? standBefore(ending);

const standBefore = (ending: Ending): Set<Act> => {
  const acts = new Set<Act>();
  const doAll = () => {
    for (const act of acts) act();
  };
  const { emit, reallyExit } = ending;
  put(ending, ACTS, acts);
  put(ending, 'emit', function ours(this: unknown, ...args: Parameters<Ending['emit']>) {
    if (args[0] === 'exit') doAll();
    return Reflect.apply(emit, this, args);
  });
  put(ending, 'reallyExit', function ours(this: unknown, ...args: readonly unknown[]) {
    doAll();
    return Reflect.apply(reallyExit, this, args);
  });
  return acts;
};

const put = (ending: Ending, name: string | symbol, value: unknown): void => {
  Object.defineProperty(ending, name, { value, writable: true, configurable: true });
};
