/**
 * The contract of a SessionStore as a suite of tests, for ours and for a user's own:
 *
 * ```ts
 * import { describe, test } from 'vitest'; // or node:test
 * sessionStoreContract({ describe, test, name: 'MyStore', open: async () => ({ store: new MyStore() }) });
 * ```
 */
import type { ClassicStore } from '../../classic-store.ts';
import type { SessionStore } from '../../session-store.ts';
import type { Case, StoreUnderTest } from './case.ts';
import { messageCases } from './messages.ts';
import { savingCases } from './saving.ts';
import { sessionCases } from './sessions.ts';
import { versionCases } from './versions.ts';

/** What the suite needs of a test framework: vitest, jest, mocha and node:test have it. */
export interface TestFramework {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly test: (name: string, body: () => Promise<void>) => unknown;
}

export interface ContractOptions<S extends SessionStore = SessionStore> extends TestFramework {
  readonly name: string;
  /** Opens an empty store; once per case. */
  readonly open: () => Promise<StoreUnderTest<S>>;
  /** The store compares `expectedVersion`; default true. */
  readonly versions?: boolean;
  /** `open` gives `another`; default true. */
  readonly sharing?: boolean;
}

/** Registers one test per case that the store can be asked. */
export const sessionStoreContract = (options: ContractOptions): void =>
  contractOf([...sessionCases, ...messageCases, ...versionCases], options);

/** What our own backends hold beyond that: saving whole, searching, cleaning up. */
export const classicStoreContract = (options: ContractOptions<ClassicStore>): void =>
  contractOf([...sessionCases, ...messageCases, ...versionCases, ...savingCases], options);

export const contractOf = <S extends SessionStore>(
  cases: readonly Case<S>[],
  { describe, test, name, open, versions = true, sharing = true }: ContractOptions<S>,
): void => {
  const can = { versions, sharing };
  describe(name, () => {
    for (const each of cases)
      if ((each.needs ?? []).every((need) => can[need])) test(each.name, () => runCase(each, open));
  });
};

/** One case on a store of its own; whatever happens, all that it opened is closed. */
export const runCase = async <S extends SessionStore>(
  { run }: Case<S>,
  open: () => Promise<StoreUnderTest<S>>,
): Promise<void> => {
  const { store, another, dispose } = await open();
  const opened = [store];
  try {
    await run({
      store,
      another: async () => {
        if (another === undefined) throw new TypeError('this store is opened once only');
        const further = await another();
        opened.push(further);
        return further;
      },
    });
  } finally {
    for (const each of opened) await each.close();
    await dispose?.();
  }
};
