import { expect, test } from 'vitest';
import type { Ref } from '../../src/otp/ref.ts';
import type { Report } from '../../src/otp/report.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import {
  type CatalogArgs,
  type catalogProtocol,
  catalogServer,
} from '../../src/search/catalog/catalog-server.ts';
import { SLICE_ROWS } from '../../src/search/lane.ts';
import { type Catalog, catalogName } from '../../src/session/ports/catalog.ts';
import { type Journal, type JournalUpkeep, journalName } from '../../src/session/ports/journal.ts';
import { deleteOf, FakeJournal, holder, writeOf } from './fake-journal.ts';
import { criteriaOf, rowOf, tenant } from './summary-row.ts';

const quiet = () => {
  const clock = virtualClock();
  const reports: Report[] = [];
  const system = new System({ clock, onReport: (report) => reports.push(report) });
  return { clock, system, reports };
};

const start = async (
  journal: FakeJournal,
  { clock, system, reports } = quiet(),
  args: CatalogArgs = {},
) => {
  const root = await startTree(
    system,
    supervisor({
      id: 'storage',
      strategy: 'rest_for_one',
      children: [
        holder(journalName, journal as unknown as Journal & JournalUpkeep),
        catalogServer(args),
      ],
    }),
  );
  return { clock, system, reports, root };
};

const idsIn = async (catalog: Catalog): Promise<string[]> => {
  const { rows } = await catalog.search(tenant, criteriaOf({ order: 'asc' }));
  return rows.map((row) => row.key.sessionId);
};

test('it starts with what the catalog rows tell', async () => {
  const journal = new FakeJournal();
  journal.rows.push(rowOf('a', { title: 'A' }), rowOf('b'));
  const { system } = await start(journal);
  expect(await idsIn(system.fetch(catalogName))).toEqual(['a', 'b']);
});

test('a commit is found in the tick in which it is told', async () => {
  const journal = new FakeJournal();
  const catalog = (await start(journal)).system.fetch(catalogName);
  journal.commit(writeOf('a', { tags: ['new'] }), writeOf('b'));
  expect(await idsIn(catalog)).toEqual(['a', 'b']);
  expect(catalog.find(tenant, 'a')?.tags).toEqual(['new']);
  journal.commit(deleteOf('a'));
  expect(await idsIn(catalog)).toEqual(['b']);
});

test('a commit during the scan wins over the row that the scan brings', async () => {
  const journal = new FakeJournal();
  journal.rows.push(rowOf('changed', { title: 'old' }), rowOf('deleted'), rowOf('other'));
  journal.duringScan = () =>
    journal.commit(writeOf('changed', { title: 'new', version: 2 }), deleteOf('deleted'));
  const catalog = (await start(journal)).system.fetch(catalogName);
  expect(await idsIn(catalog)).toEqual(['changed', 'other']);
  expect(catalog.find(tenant, 'changed')?.title).toBe('new');
});

test('nobody finds the catalog before it is whole', async () => {
  const journal = new FakeJournal();
  const { clock, system, reports } = quiet();
  const seen: unknown[] = [];
  journal.duringScan = async () => {
    await clock.settle();
    seen.push(system.find(catalogName));
  };
  await start(journal, { clock, system, reports });
  expect(seen).toEqual([undefined]);
  expect(system.find(catalogName)).toBeDefined();
});

test('with its journal it is built anew, and the old one is not fed any more', async () => {
  const journal = new FakeJournal();
  const { clock, system, root } = await start(journal);
  const old = system.fetch(catalogName);
  const [journalNode] = system.tree(root).children;
  if (journalNode?.ref !== undefined) system.exit(journalNode.ref, { crashed: 'test' });
  await clock.settle();
  journal.commit(writeOf('a'));
  expect(await idsIn(system.fetch(catalogName))).toEqual(['a']);
  expect(await idsIn(old)).toEqual([]);
  expect(journal.listeners.size).toBe(1);
});

test('a commit that it cannot follow crashes it alone, and it comes back from the rows', async () => {
  const journal = new FakeJournal();
  const { clock, system, reports } = await start(journal);
  const old = system.fetch(catalogName);
  journal.rows.push(rowOf('a'));
  const broken = { ...writeOf('b'), head: undefined } as unknown as ReturnType<typeof writeOf>;
  expect(() => journal.commit(broken)).not.toThrow();
  await clock.settle();
  expect(system.fetch(catalogName)).not.toBe(old);
  expect(await idsIn(system.fetch(catalogName))).toEqual(['a']);
  expect(reports).toContainEqual(
    expect.objectContaining({ kind: 'crash', reason: { crashed: expect.any(TypeError) } }),
  );
});

test('one that it cannot take in crashes it too, when somebody looks', async () => {
  const journal = new FakeJournal();
  const { clock, system, reports } = await start(journal);
  const old = system.fetch(catalogName);
  journal.commit(writeOf('b', { tags: null as never }));
  expect(() => old.find(tenant, 'b')).toThrow(TypeError);
  await clock.settle();
  expect(system.fetch(catalogName)).not.toBe(old);
  expect(reports).toContainEqual(
    expect.objectContaining({ kind: 'crash', reason: { crashed: expect.any(TypeError) } }),
  );
});

test('it says how much it knows, and shows nothing else of it', async () => {
  const journal = new FakeJournal();
  journal.rows.push(rowOf('a', { title: 'secret' }));
  const { clock, system, root } = await start(journal);
  const catalog = system.fetch(catalogName);
  const ref = system.tree(root).children[1]?.ref as Ref<typeof catalogProtocol>;
  const asked = ref.call('stats');
  await clock.settle();
  expect(await asked).toEqual(catalog.stats());
  expect(system.inspect(ref).state).toEqual(catalog.stats());
});

test('it tells how it was filled, and how long that took', async () => {
  const journal = new FakeJournal();
  journal.rows.push(rowOf('a'));
  const told: unknown[] = [];
  const notices = { info: (fields: object) => told.push(fields), warn: () => undefined };
  const { clock, system, reports } = quiet();
  journal.duringScan = () => clock.advance(250);
  const { root } = await start(journal, { clock, system, reports }, { notices });
  const { bytes } = system.fetch(catalogName).stats();
  expect(told).toEqual([{ from: 'rows', sessions: 1, bytes, tookMs: 250 }]);
  expect(system.tree(root).children.map(({ id }) => id)).toEqual([journalName.key, 'catalog']);
});

test('in the middle of a long search the loop has its turn', async () => {
  const journal = new FakeJournal();
  for (let n = 0; n <= SLICE_ROWS; n += 1) journal.rows.push(rowOf(`s${n}`));
  const { clock, system } = await start(journal);
  let found: unknown;
  const asked = system.fetch(catalogName).count(tenant, { minTokens: 0, maxTokens: 9 });
  void asked.then(({ sessions }) => {
    found = sessions;
  });
  for (let n = 0; n < 20; n += 1) await null;
  expect(found).toBeUndefined();
  await clock.settle();
  expect(found).toBe(SLICE_ROWS + 1);
});
