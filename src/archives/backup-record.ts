/** What is stored of the backups of this store, in its journal: one record, read and changed; and whether anything else has changed. */
import type { DefinitionKey } from '../model/definition.ts';
import { codeOf } from '../model/errors.ts';
import type { Tenant } from '../model/ids.ts';
import { NEVER_MS } from '../session/ports/archives.ts';
import type { StoredBackups } from '../session/ports/backups.ts';
import type { ChangeMark, Journal, JournalUpkeep } from '../session/ports/journal.ts';

export interface KnownBackups {
  readonly dueMs: number;
  readonly record: StoredBackups;
}

const MAX_CONFLICTS = 20;

export class BackupRecord {
  readonly #journal: () => Journal & JournalUpkeep;
  readonly #key: DefinitionKey;

  /** @param journal looked up each time: it may have been restarted. @param tenant under which it stands: it is of all. */
  constructor(journal: () => Journal & JournalUpkeep, tenant: string) {
    this.#journal = journal;
    this.#key = { tenant: tenant as Tenant, kind: 'backup', name: 'store' };
  }

  async find(): Promise<KnownBackups | undefined> {
    const found = await this.#journal().definition(this.#key);
    return found && { dueMs: found.dueMs ?? NEVER_MS, record: found.record as never };
  }

  /** Makes it of what is stored now. Resolves when that is durable. */
  async change(next: (known: KnownBackups | undefined) => KnownBackups): Promise<KnownBackups> {
    for (let conflicts = 0; ; conflicts += 1) {
      const found = await this.#journal().definition(this.#key);
      const now = next(found && { dueMs: found.dueMs ?? NEVER_MS, record: found.record as never });
      try {
        await this.#journal().define({
          ...{ kind: 'define', key: this.#key, expectedVersion: found?.version ?? 0 },
          ...{ wasDueMs: found?.dueMs, now: { record: plain(now.record), dueMs: now.dueMs } },
        });
        return now;
      } catch (error) {
        if (codeOf(error) !== 'version_conflict' || conflicts === MAX_CONFLICTS) throw error;
      }
    }
  }

  /** Whether anything but this record was committed since; true too where it is not known. */
  hasChangedSince(mark: ChangeMark): boolean {
    return this.#journal().hasChangedSince(mark, this.#key);
  }

  /** Undefined: this journal keeps none. */
  changeMark(): ChangeMark | undefined {
    return this.#journal().changeMark();
  }

  /** Whether it is due, by the index that timers go by. */
  async isDue(nowMs: number): Promise<boolean> {
    const [first] = await this.#journal().due('backup', { limit: 1 });
    return first !== undefined && first.atMs <= nowMs;
  }
}

/** As JSON has it, without what is absent. */
const plain = (record: StoredBackups): Readonly<Record<string, unknown>> =>
  JSON.parse(JSON.stringify(record)) as Readonly<Record<string, unknown>>;
