/** All that a store says of its sessions, by the embedded API: written beside a fixture, and read again by its test. */
import type { Greenroom } from '../../src/index.ts';

const PAGE = 100;

export const readAll = async ({ sessions }: Greenroom) => {
  const { sessions: rows } = await sessions.search({ limit: PAGE });
  const ids = rows.map(({ sessionId }) => sessionId).toSorted();
  const all = [];
  for (const id of ids)
    all.push({
      session: await sessions.get(id),
      entries: (await sessions.messages(id, { limit: PAGE })).entries,
      turns: (await sessions.turns(id, { limit: PAGE })).turns,
      audit: (await sessions.audit(id, { limit: PAGE })).audit,
    });
  return JSON.parse(JSON.stringify(all)) as readonly Read[];
};

export interface Read {
  readonly session: { readonly sessionId: string };
  readonly entries: readonly object[];
  readonly turns: readonly object[];
  readonly audit: readonly object[];
}
