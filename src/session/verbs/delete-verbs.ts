/** How a session is deleted: its id is kept from use for a while, or is free again at once. */
import { z } from 'zod';
import { GreenroomError } from '../../model/errors.ts';
import { TOMBSTONE_MS } from '../../model/tombstone.ts';
import { expectedVersion } from './settings-verbs.ts';
import { change, journalOf, type SessionWork, sessionVerb } from './verb.ts';

const orderOf = ({ context }: SessionWork, expectedVersion?: number) =>
  ({ type: 'delete', by: context.principal, ifVersion: undefined, expectedVersion }) as const;
type Order = ReturnType<typeof orderOf>;

const deleteSession = sessionVerb('delete', {
  request: z.strictObject({
    release: z
      .boolean()
      .default(false)
      .describe(
        'the id is free again at once: no tombstone, also not of an earlier deletion. Refused while forks share its entries',
      ),
    expectedVersion,
  }),
  reply: z.strictObject({ deleted: z.literal(true) }),
  run: async (work, { release, expectedVersion: version }) => {
    const order = orderOf(work, version);
    if (release) await releaseId(work, order);
    else await change(work, work.key, { ...order, tombstoneMs: TOMBSTONE_MS });
    return { deleted: true as const };
  },
});

export const deleteVerbs = { delete: deleteSession };

const PURGE_RETRY_MS = 1_000;

/** Gone whole before the answer: as long as records of it are left, no session can have its id. */
const releaseId = async (work: SessionWork, order: Order): Promise<void> => {
  const { clock } = work.caller.system;
  await change(work, work.key, { ...order, tombstoneMs: 0, mayBeGone: true });
  const journal = journalOf(work);
  while ((await journal.purge(1)).left)
    if (clock.monotonic() >= work.context.deadlineMs)
      throw new GreenroomError('unavailable', 'the session is deleted, and its records still go', {
        retryAfterMs: PURGE_RETRY_MS,
      });
};
