/**
 * The watches as an actor: it hears from the catalog what becomes of sessions, and registers the watches under
 * `watchesName`. Neither commits nor readers pass its mailbox.
 *
 * It belongs to one catalog: it stands behind it in a `rest_for_one`. Watches end with it; their readers begin anew.
 */

import { newJobId } from '../../model/ids.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import { genServer, protocol } from '../../otp/gen-server.ts';
import type { Ref } from '../../otp/ref.ts';
import { catalogName } from '../../session/ports/catalog.ts';
import { watchesName } from '../../session/ports/watches.ts';
import { MemoryWatches } from './memory-watches.ts';

const watchProtocol = protocol({ calls: {} });
type Protocol = typeof watchProtocol;

const WatchServer = genServer(watchProtocol, {
  init: (_: undefined, self): MemoryWatches => {
    const { system } = self;
    const { clock } = system;
    const catalog = system.fetch(catalogName);
    const watches = new MemoryWatches({
      catalog,
      clock,
      newId: () => newJobId(clock.now()),
      onFault: (error) =>
        system.report({ kind: 'fault', actor: self.ref.label, during: 'a change', error }),
      onCrash: (error) => self.exit({ crashed: error }),
    });
    const untell = catalog.tellChanges(watches);
    self.own(() => {
      untell();
      watches.closeAll();
    });
    self.register(watchesName, watches);
    return watches;
  },
  handleCall: {},
  redact: (watches) => watches.stats, // what is asked for is the users' own
});

/** Needs the catalog by its name. */
export const watchServer = (): ChildSpec<Ref<Protocol>> =>
  WatchServer.childSpec(undefined, { id: 'watches' });
