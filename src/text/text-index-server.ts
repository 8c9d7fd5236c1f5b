/**
 * The text index as an actor: it owns the process that has the file, feeds it behind the journal's commits, and registers
 * it under `textIndexName`. Searches do not pass its mailbox.
 *
 * 1. Nothing waits for it: it has started before its file is open, and a commit only leaves the session's key here.
 * 2. It belongs to one journal and one catalog: it stands behind both in a `rest_for_one`.
 * 3. When the process ends, it crashes, and its next life compares all there is. A broken file was deleted by then.
 */
import type { ChildSpec } from '../otp/child-spec.ts';
import { genServer, protocol } from '../otp/gen-server.ts';
import type { Ref } from '../otp/ref.ts';
import type { Self } from '../otp/self.ts';
import { catalogName } from '../session/ports/catalog.ts';
import { journalName } from '../session/ports/journal.ts';
import { resting } from '../session/ports/pages.ts';
import { type TextIndex, textIndexName } from '../session/ports/text-index.ts';
import type { Scope } from './extract.ts';
import { IndexProcess, type Opened } from './index-process.ts';
import { Indexer } from './indexer.ts';
import { absent, Searching } from './searching.ts';

export interface TextIndexArgs {
  /** The file; undefined: the store is in memory, and has none. */
  readonly path: string | undefined;
  readonly scope: Scope | 'off';
  readonly notices: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/** For the process to write down what it has. */
const SHUTDOWN_MS = 10_000;

export const INSTALL = 'npm install libsql';

const textProtocol = protocol({ calls: {} });
type Protocol = typeof textProtocol;

interface State {
  readonly indexer: Indexer | undefined;
}

const TextIndexServer = genServer(textProtocol, {
  init: (args: TextIndexArgs, self): State => {
    if (args.scope === 'off') return without(self, 'text search is off: GREENROOM_TEXT_SEARCH');
    if (args.path === undefined)
      return without(self, 'text search needs a store on disk: GREENROOM_STORE=lmdb:');
    return begin(self, { path: args.path, scope: args.scope, notices: args.notices });
  },
  handleCall: {},
  redact: ({ indexer }) => indexer?.lag(),
});

const without = (self: Self<Protocol>, why: string): State => {
  self.register(textIndexName, absent(why));
  return { indexer: undefined };
};

interface Wanted extends TextIndexArgs {
  readonly path: string;
  readonly scope: Scope;
}

const begin = (self: Self<Protocol>, args: Wanted): State => {
  const { clock } = self.system;
  const journal = self.system.fetch(journalName);
  const catalog = self.system.fetch(catalogName);
  catalog.forgetTextNumbers(); // those of an earlier life may mean others
  const { storeId } = journal.info();
  const index = new IndexProcess({ path: args.path, storeId, scope: args.scope }, clock);
  const indexer = new Indexer({ index, journal, catalog, clock });
  self.own(async () => {
    indexer.close();
    await index.close();
  });
  self.own(journal.subscribe((changes) => indexer.committed(changes)));
  const lag = () => indexer.lag();
  const searching = new Searching({ index, journal, catalog, lag, rest: resting(clock) });
  self.register(textIndexName, searching);
  void follow(self, index, indexer, args).catch((error: unknown) => self.exit({ crashed: error }));
  return { indexer };
};

const follow = async (
  self: Self<Protocol>,
  index: IndexProcess,
  indexer: Indexer,
  { notices, path }: Wanted,
): Promise<void> => {
  const opened = await index.opened;
  if (opened.type === 'missing') return goWithout(self, indexer, opened, notices);
  if (opened.why !== undefined)
    notices.info({ path, why: opened.why }, 'the text index is built again');
  void index.ended.then((why) => self.exit({ crashed: why }));
  await indexer.run();
};

const goWithout = (
  self: Self<Protocol>,
  indexer: Indexer,
  { why }: Opened,
  notices: Wanted['notices'],
): void => {
  indexer.close();
  notices.warn({ why, next: INSTALL }, 'there is no text search: libsql cannot be loaded');
  self.unregister(textIndexName as Parameters<typeof self.unregister>[0]);
  const instead: TextIndex = absent(`text search needs the package libsql: ${INSTALL}`);
  self.register(textIndexName, instead);
};

/** Needs journal and catalog by their names. */
export const textIndex = (args: TextIndexArgs): ChildSpec<Ref<Protocol>> =>
  TextIndexServer.childSpec(args, { id: 'index', shutdownMs: SHUTDOWN_MS });
