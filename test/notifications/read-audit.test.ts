/** A span of the audit in the order of time, however long the pause was. */
import { expect, it } from 'vitest';
import type { Tenant } from '../../src/model/ids.ts';
import { readNotices } from '../../src/notifications/read-audit.ts';
import type { AuditPage, Journal } from '../../src/session/ports/journal.ts';

const TENANT = 'default' as Tenant;

/** An audit of records at these moments, which counts what is read of it. */
const auditOf = (moments: readonly number[]) => {
  const all = moments
    .toSorted((a, b) => a - b)
    .map((atMs, at) => ({
      ...{ kind: 'lifecycle', action: 'completed', atMs, by: 'x', sessionId: `s${at}` },
      cursor: String(at).padStart(9, '0'),
    }));
  let read = 0;
  const audit = async (
    _: Tenant,
    { afterMs = 0, beforeMs = Infinity, limit, cursor }: AuditPage,
  ) => {
    const page = all
      .filter(({ atMs }) => atMs >= afterMs && atMs <= beforeMs)
      .filter((record) => cursor === undefined || record.cursor < cursor)
      .toReversed()
      .slice(0, limit);
    read += page.length;
    return page;
  };
  return { journal: { audit } as unknown as Pick<Journal, 'audit'>, count: () => read };
};

const readAll = async (journal: Pick<Journal, 'audit'>, fromMs: number, nowMs: number) => {
  const seen = new Map<string, number>();
  for (let from = fromMs; from < nowMs; ) {
    const { notices, throughMs } = await readNotices(journal, TENANT, from, nowMs);
    for (const { id, atMs } of notices) seen.set(id, atMs);
    expect(throughMs).toBeGreaterThan(from);
    from = throughMs;
  }
  return [...seen.values()];
};

it.each([
  ['a few', [5, 9, 7, 7]],
  ['many', Array.from({ length: 5_000 }, (_, n) => n * 37)],
  ['many of one moment', [...Array.from({ length: 1_700 }, () => 100_000), 5, 170_000]],
  ['none', []],
])('%s are read once, in order', async (_, moments) => {
  const { journal } = auditOf(moments);
  expect(await readAll(journal, 0, 200_000)).toEqual(moments.toSorted((a, b) => a - b));
});

it('a long pause costs a few times what is in it', async () => {
  const { journal, count } = auditOf(Array.from({ length: 20_000 }, (_, n) => n * 1_000));
  await readAll(journal, 0, 20_000_000);
  expect(count()).toBeLessThan(20_000 * 10);
});
