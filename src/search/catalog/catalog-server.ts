/**
 * The catalog as an actor: it fills the catalog at its start, from a snapshot where there is one, keeps it in step with the journal, and
 * registers it under `catalogName` once it is whole. Searches do not pass its mailbox: they read the
 * registered value, in the tick in which they are asked.
 *
 * 1. It listens to commits before it reads the journal, so that none falls between the two.
 * 2. It belongs to one journal: it stands after the journal in a `rest_for_one`, because the commits of
 *    a restarted journal would not reach it.
 * 3. If it cannot follow a commit, it crashes and is built anew: a catalog that is wrong is worse than
 *    one that is away for a moment (`unavailable`).
 */
import { z } from 'zod';
import type { ChildSpec } from '../../otp/child-spec.ts';
import { genServer, protocol, reply } from '../../otp/gen-server.ts';
import type { Ref } from '../../otp/ref.ts';
import type { Self } from '../../otp/self.ts';
import { type CatalogStats, catalogName } from '../../session/ports/catalog.ts';
import { journalName, type SessionChange } from '../../session/ports/journal.ts';
import type { CatalogFeed } from './catalog-feed.ts';
import { type FillNotices, fillCatalog } from './fill-catalog.ts';

/** About 12 µs a session: enough for some tens of millions. */
const INIT_TIMEOUT_MS = 600_000;

export interface CatalogArgs {
  /** The snapshot's file; default: there is none. */
  readonly snapshot?: string | undefined;
  /** Told how the catalog was filled. */
  readonly notices?: FillNotices;
}

export const catalogProtocol = protocol({
  calls: { stats: { request: z.void(), reply: z.custom<CatalogStats>() } },
});
type Protocol = typeof catalogProtocol;

const CatalogServer = genServer(catalogProtocol, {
  init: async ({ snapshot, notices }: CatalogArgs, self) => {
    const { clock } = self.system;
    const journal = self.system.fetch(journalName);
    const catalog = await fillCatalog(journal, {
      snapshot,
      notices,
      nowMs: () => clock.monotonic(),
      onFault: (error) => self.exit({ crashed: error }),
      pause: () => new Promise((resolve) => clock.defer(resolve)),
      follow: (feed) => {
        const unsubscribe = journal.subscribe((changes) => follow(feed, changes, self));
        self.own(unsubscribe);
        return unsubscribe;
      },
    });
    self.register(catalogName, catalog);
    return catalog;
  },

  handleCall: { stats: (_, catalog) => reply(catalog.stats(), catalog) },

  redact: (catalog) => catalog.stats(), // the rows are the users' own, and many
});

/** Runs inside the journal's commit: an error here must not become the journal's. */
const follow = (
  feed: CatalogFeed,
  changes: readonly SessionChange[],
  self: Self<Protocol>,
): void => {
  try {
    feed.commits(changes);
  } catch (error) {
    self.exit({ crashed: error });
  }
};

/** Needs the journal; is whole when it has started. */
export const catalogServer = (args: CatalogArgs = {}): ChildSpec<Ref<Protocol>> =>
  CatalogServer.childSpec(args, { id: 'catalog', initTimeoutMs: INIT_TIMEOUT_MS });
