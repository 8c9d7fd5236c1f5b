/**
 * Hibernation, as OTP has it for an actor that waits, for the whole process: slabs of contexts that are empty are dropped,
 * and when nothing was written or read for a while, garbage is collected once, so that a quiet daemon does not go on holding
 * what a busy hour left behind.
 *
 * 1. Never under load: a collection stops the loop, about a millisecond for each megabyte that is in use.
 * 2. Once for each quiet time, once more for slabs that are dropped in it, and not at all for a heap so large that somebody
 *    would notice.
 */
import { z } from 'zod';
import { genServer, noreply, protocol } from '../otp/gen-server.ts';
import type { Self } from '../otp/self.ts';
import type { System } from '../otp/system.ts';
import { journalName } from '../session/ports/journal.ts';

const LOOK_MS = 5_000;
/** Looks in a row that must find nothing done. */
const QUIET_LOOKS = 2;
/** With more in use than this, in bytes, the pause would be felt. */
const MAX_USED_BYTES = 256 * 1024 * 1024;

export interface HibernatorArgs {
  /** Drops what has been empty for a while; the number of what was dropped. */
  readonly dropEmpty: (nowMs: number) => number;
  /** Collects all garbage, at once; an embedding program leaves it out. */
  readonly collect: (() => void) | undefined;
  /** Bytes of the heap that are in use. */
  readonly usedBytes: () => number;
}

const hibernatorProtocol = protocol({ calls: {}, infos: { look: z.void() } });

interface State {
  readonly args: HibernatorArgs;
  /** What the journal had done at the last look. */
  readonly work: number;
  /** Looks in a row that found nothing done since the one before. */
  readonly quietLooks: number;
  /** Something was dropped at the last look; by now those who had a handle of it, who are told later, have let go. */
  readonly hasDropped: boolean;
}

const HibernatorServer = genServer(hibernatorProtocol, {
  init: (args: HibernatorArgs, self: Self<typeof hibernatorProtocol>): State => {
    self.sendEvery(LOOK_MS, 'look');
    return { args, work: workDone(self.system), quietLooks: 0, hasDropped: false };
  },

  handleCall: {},

  handleInfo: {
    look: (_, state, self) => {
      const { dropEmpty, collect, usedBytes } = state.args;
      const dropped = dropEmpty(self.system.clock.monotonic());
      const work = workDone(self.system);
      const quietLooks = work === state.work ? state.quietLooks + 1 : 0;
      const isDue = quietLooks === QUIET_LOOKS || (quietLooks > QUIET_LOOKS && state.hasDropped);
      if (isDue && usedBytes() <= MAX_USED_BYTES) collect?.();
      return noreply({ ...state, work, quietLooks, hasDropped: dropped > 0 });
    },
  },
});

const workDone = (system: System): number => {
  const stats = system.find(journalName)?.stats();
  return stats === undefined ? 0 : stats.commits + stats.reads;
};

export const hibernator = (args: HibernatorArgs) =>
  HibernatorServer.childSpec(args, { id: 'hibernator' });
