/** Records of archives in the journal: read, changed, and gone through. */
import { isDeepStrictEqual } from 'node:util';
import { type Definition, type DefinitionKey, definitionOf } from '../model/definition.ts';
import { codeOf, GreenroomError } from '../model/errors.ts';
import type { SessionId, SessionKey } from '../model/ids.ts';
import { NEVER_MS, type Place, type StoredArchive } from '../session/ports/archives.ts';
import type { DueEntry, Journal } from '../session/ports/journal.ts';

export interface KnownArchive {
  readonly key: DefinitionKey;
  readonly version: number;
  readonly dueMs: number | undefined;
  readonly record: StoredArchive;
}

const MAX_CONFLICTS = 20;
const PAGE = 100;

export const sessionOf = ({ key, record }: Pick<KnownArchive, 'key' | 'record'>): SessionKey => ({
  tenant: key.tenant,
  sessionId: record.sessionId as SessionId,
});

export class ArchiveRecords {
  readonly #journal: () => Journal;
  readonly #now: () => number;

  /** @param journal looked up each time: it may have been restarted. */
  constructor(journal: () => Journal, now: () => number) {
    this.#journal = journal;
    this.#now = now;
  }

  async find(key: DefinitionKey): Promise<KnownArchive | undefined> {
    const found = await this.#journal().definition(key);
    return found && asArchive(found);
  }

  /** Throws `archive_not_found`. */
  async get(key: DefinitionKey): Promise<KnownArchive> {
    const found = await this.find(key);
    if (found !== undefined) return found;
    throw new GreenroomError('archive_not_found', `there is no archive ${key.name}`);
  }

  /** Lays fields over what is stored now; `undefined` takes one away. Resolves when that is durable. */
  async change(
    key: DefinitionKey,
    fields: (record: StoredArchive) => Partial<StoredArchive> & { readonly dueMs?: number },
  ): Promise<KnownArchive> {
    for (let conflicts = 0; ; conflicts += 1) {
      const known = await this.get(key);
      const { dueMs = known.dueMs ?? NEVER_MS, ...rest } = fields(known.record);
      const record = { ...known.record, ...rest, updatedAtMs: this.#now() };
      try {
        await this.#journal().define({
          ...{ kind: 'define', key, expectedVersion: known.version, wasDueMs: known.dueMs },
          now: { record: plain(record), dueMs },
        });
        return { key, version: known.version + 1, dueMs, record };
      } catch (error) {
        if (codeOf(error) !== 'version_conflict' || conflicts === MAX_CONFLICTS) throw error;
      }
    }
  }

  async remove({ key, version, dueMs }: KnownArchive): Promise<void> {
    await this.#journal().define({
      ...{ kind: 'define', key, expectedVersion: version, wasDueMs: dueMs, now: undefined },
    });
  }

  /** What is due first, in the order of time. */
  due(limit: number, after?: DueEntry): Promise<readonly DueEntry[]> {
    return this.#journal().due('archive', { limit, after });
  }

  /** The name of an object that lies at a place, as far as is known; undefined: none does. */
  async oneAt(place: Place): Promise<string | undefined> {
    for await (const { record } of this.all())
      if (record.status === 'completed' && isSamePlace(record.place, place))
        return record.manifest?.name;
    return undefined;
  }

  /** Each archive of all tenants, once: all stand in the index as long as they exist. */
  async *all(): AsyncGenerator<KnownArchive> {
    let after: DueEntry | undefined;
    for (;;) {
      const page = await this.due(PAGE, after);
      for (const entry of page) {
        const key = keyOf(entry);
        const known = key && (await this.find(key));
        if (known !== undefined) yield known;
      }
      after = page.at(-1);
      if (after === undefined || page.length < PAGE) return;
    }
  }
}

export const keyOf = ({ key }: DueEntry): DefinitionKey | undefined => definitionOf(key);

const asArchive = ({ key, version, dueMs, record }: Definition): KnownArchive => ({
  ...{ key, version, dueMs },
  record: record as unknown as StoredArchive,
});

/** As JSON has it, without what is absent. */
const plain = (record: StoredArchive): Readonly<Record<string, unknown>> =>
  JSON.parse(JSON.stringify(record)) as Readonly<Record<string, unknown>>;

const isSamePlace = (one: Place, other: Place): boolean => isDeepStrictEqual(one, other);
