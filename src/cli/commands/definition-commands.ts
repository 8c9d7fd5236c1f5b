/** What `greenroom templates`, `tasks` and `schedules` have in common: `list`, `show`, `put` from a file, `delete`. */
import type { Command } from 'commander';
import { definitionFrom, listed, type Page, type PageWish } from '../definitions.ts';
import { facts } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { DaemonClient } from '../shell.ts';
import { type Column, table } from '../table.ts';

interface Named {
  readonly name: string;
  readonly version: number;
}

export interface DefinitionCommands<V extends Named> {
  readonly kind: 'template' | 'task' | 'schedule';
  /** What `delete` deletes, and what stays. */
  readonly deletes: string;
  readonly columns: readonly Column[];
  row(definition: V, run: Invocation): readonly string[];
  list(daemon: DaemonClient, page: PageWish): Promise<Page<V>>;
  remove(daemon: DaemonClient, name: string): Promise<object>;
}

export const registerDefinitions = <V extends Named>(
  registration: Registration,
  commands: Command,
  { kind, deletes, columns, row, list, remove }: DefinitionCommands<V>,
): void => {
  commands
    .command('list')
    .description('by name')
    .action(
      act<[], object>(registration, (run) =>
        run.withDaemon(async (daemon) => {
          const found = await listed((page) => list(daemon, page));
          const rows = () => found.map((each) => row(each, run));
          run.out.many(found, () => table(columns, rows(), run.out.width));
          if (found.length === 0) run.out.note(`there is no ${kind}`);
        }),
      ),
    );
  commands
    .command('delete <name>')
    .description(deletes)
    .action(
      act<[string], object>(registration, (run, [name]) =>
        run.withDaemon(async (daemon) => {
          const deleted = await remove(daemon, name);
          run.out.one(deleted, () => `${name}: deleted\n`);
        }),
      ),
    );
};

type Get<V> = (daemon: DaemonClient, name: string) => Promise<V>;

export const registerShow = <V extends Named>(
  registration: Registration,
  commands: Command,
  kind: string,
  get: Get<V>,
): void => {
  commands
    .command('show <name>')
    .description(`one ${kind}`)
    .action(
      act<[string], object>(registration, (run, [name]) =>
        run.withDaemon((daemon) => showOne(run, daemon, name, get)),
      ),
    );
};

export const showOne = async <V extends Named>(
  run: Invocation,
  daemon: DaemonClient,
  name: string,
  get: Get<V>,
): Promise<void> => {
  const found = await get(daemon, name);
  run.out.one(found, () => facts({ ...(found as object) }));
};

export const registerPut = <V extends Named>(
  registration: Registration,
  commands: Command,
  put: (daemon: DaemonClient, asked: { readonly name: string }) => Promise<V>,
): void => {
  commands
    .command('put <name> <file>')
    .description('make or replace one, from a file of JSON; - is the standard input')
    .action(
      act<[string, string], object>(registration, async (run, [name, file]) => {
        const asked = await definitionFrom(run.shell, file);
        return run.withDaemon(async (daemon) => {
          const stored = await put(daemon, { ...asked, name });
          run.out.one(stored, () => `${stored.name}: version ${stored.version}\n`);
        });
      }),
    );
};
