/** What the model sees of a session now, gathered for a look at it: no turn is run on it. */
import { GreenroomError } from '../../model/errors.ts';
import { firstSeenSeq } from '../../model/head.ts';
import type { System } from '../../otp/system.ts';
import { Context } from '../context/context.ts';
import { historianName } from '../context/historian.ts';
import { History } from '../context/history.ts';
import { modelMessages } from '../context/model-messages.ts';
import { weightOf } from '../context/weight.ts';
import type { Slabs } from '../memory/slabs.ts';
import type { KnownSession } from '../ports/journal.ts';
import { pagesOf } from '../ports/pages.ts';

/** A larger request is no API's. */
const MAX_BYTES = 32 * 1024 * 1024;

export interface Seen {
  /** Whoever gets it frees it. Absent: there is too much. */
  readonly context?: Context;
  /** As `weightOf` counts them. */
  readonly bytes: number;
}

export interface SeenOf {
  readonly system: System;
  readonly session: KnownSession;
  readonly model: string;
  readonly slabs: Slabs;
  readonly rest: () => Promise<void>;
}

export const seenContext = async (of: SeenOf): Promise<Seen> => {
  const { system, session, model, slabs, rest } = of;
  const history = new History(session.head, session.head.openTurns[0], session, model);
  while (!history.isRead && history.bytes <= MAX_BYTES) {
    await history.readPage();
    await rest();
  }
  if (history.bytes > MAX_BYTES) return { bytes: await weighed(of) };
  const context = history.isLong
    ? Context.joined(slabs, await builtElsewhere(system, history))
    : new Context(slabs, modelMessages(history.entries, history.options).messages);
  return { context, bytes: context.weight };
};

const builtElsewhere = (system: System, history: History): Promise<Uint8Array> => {
  const historian = system.find(historianName);
  if (historian === undefined)
    throw new GreenroomError('unavailable', 'the historian is restarting', { retryAfterMs: 500 });
  return historian.build(async () => history.entries, history.options);
};

/** About: also what was taken back. */
const weighed = async ({ session, rest }: SeenOf): Promise<number> => {
  const { head } = session;
  const range = { from: firstSeenSeq(head), to: head.seq };
  let bytes = 0;
  for await (const page of pagesOf(session, range, rest))
    for (const entry of page)
      if (entry.kind === 'imported' || (entry.kind === 'message' && entry.isPartial !== true))
        bytes += weightOf(entry.body);
  return bytes;
};
