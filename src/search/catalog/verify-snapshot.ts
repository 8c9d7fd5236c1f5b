/**
 * Looks the catalog's snapshot over: whether a start from it ends with the same catalog as one from the journal's rows. It reads
 * beside whoever writes, and changes nothing.
 */
import { isDeepStrictEqual } from 'node:util';
import type { CatalogRow } from '../../model/catalog-row.ts';
import { type DerivedFault, type DerivedPart, MAX_NAMED } from '../../model/derived.ts';
import { given } from '../../model/given.ts';
import { keyString } from '../../model/ids.ts';
import type { JournalUpkeep } from '../../session/ports/journal.ts';
import type { MemoryCatalog } from './catalog.ts';
import { loadSnapshot, type Source } from './fill-catalog.ts';

const PAGE = 500;

export type VerifySource = Source & Pick<JournalUpkeep, 'changeMark'>;

export const verifySnapshot = async (
  journal: VerifySource,
  path: string,
  pause: () => Promise<void>,
): Promise<DerivedPart> => {
  const before = journal.changeMark();
  const loaded = await loadSnapshot(journal, {
    ...{ snapshot: path, pause, follow: () => () => undefined },
    onFault: (error) => {
      throw error;
    },
  });
  if (loaded === undefined)
    return { is: 'none', why: 'there is none: the catalog is small, or new' };
  if (typeof loaded === 'string') return { is: 'useless', why: loaded };
  const { catalog } = loaded;
  const faults = new Map<string, DerivedFault>();
  const complain = ({ tenant, sessionId }: CatalogRow['key'], why: string) =>
    faults.set(`${tenant}/${sessionId}`, { tenant, sessionId, why });
  const seen = new Set<string>();
  await journal.scanRows((row) => {
    seen.add(keyString(row.key));
    const found = catalog.whole(row.key);
    if (found === undefined) complain(row.key, 'is missing in it');
    else if (!isSame(found, row))
      complain(row.key, `is another one in it: ${fieldsOf(found, row)}`);
  });
  for await (const { key } of allOf(catalog))
    if (!seen.has(keyString(key))) complain(key, 'is in it, and not in the journal');
  // What has changed since we began is as the one or as the other.
  for (const { tenant, sessionId } of (before && (await journal.changedSince(before))) ?? [])
    faults.delete(`${tenant}/${sessionId}`);
  const named = [...faults.values()].slice(0, MAX_NAMED);
  return { is: 'read', sessions: seen.size, wrong: faults.size, named };
};

async function* allOf(catalog: MemoryCatalog): AsyncGenerator<CatalogRow> {
  for (const tenant of catalog.tenants()) {
    let cursor: string | undefined;
    do {
      const page = await catalog.search(tenant, {
        ...{ sortBy: 'createdAt', order: 'asc', limit: PAGE },
        ...given({ cursor }),
      });
      yield* page.rows;
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }
}

type Fields = Readonly<Record<string, unknown>>;

const isSame = (one: CatalogRow, other: CatalogRow): boolean => fieldsOf(one, other) === '';

/** Names of the fields in which they differ. */
const fieldsOf = (one: CatalogRow, other: CatalogRow): string => {
  const [a, b] = [one as unknown as Fields, other as unknown as Fields];
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names]
    .filter((name) => !isDeepStrictEqual(comparable(name, a[name]), comparable(name, b[name])))
    .join(', ');
};

/** Which tools were used is a set, and the catalog knows only whether a session offers something. */
const comparable = (name: string, value: unknown): unknown => {
  if (name === 'toolsUsed') return ((value ?? []) as readonly string[]).toSorted();
  return name === 'offers' ? undefined : value;
};
