/** Waits until something holds; fails the test when it does not come to pass. */
import { vi } from 'vitest';

const PATIENCE_MS = 20_000;
const INTERVAL_MS = 2;

export const until = (isTrue: () => unknown): Promise<void> =>
  vi.waitFor(
    async () => {
      if (!(await isTrue())) throw new Error(`still not: ${isTrue.toString()}`);
    },
    { timeout: PATIENCE_MS, interval: INTERVAL_MS },
  );

/** Lets everything in this process that is ready to happen happen: so many turns of its event loop. */
export const turnsOfTheLoop = async (turns = 50): Promise<void> => {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
};

export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

/** A door that a test opens when it likes. */
export const gate = (): Gate => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
};
