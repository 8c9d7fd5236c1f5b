/** What is done to sessions in the name of the archiver: noted, let go of, made again of an export. */
import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { SessionKey } from '../../model/ids.ts';
import type { InputOf } from '../machine/input.ts';
import { type ArchiveOrder, archives, requestArchive } from '../verbs/archives.ts';
import { type Ground, journalOf } from '../verbs/verb.ts';

/** Sessions whose records are removed in one go. */
const PURGE_LIMIT = 100;
const MAX_PURGES = 10_000;

export class ArchiveAccess {
  readonly #ground: Ground;
  readonly #exported: (key: SessionKey) => AsyncIterable<string>;

  constructor(ground: Ground, exported: (key: SessionKey) => AsyncIterable<string>) {
    this.#ground = ground;
    this.#exported = exported;
  }

  head(key: SessionKey): Promise<Head | undefined> {
    return this.#ground.caller.head(key);
  }

  exported(key: SessionKey): AsyncIterable<string> {
    return this.#exported(key);
  }

  async note(key: SessionKey, note: Omit<InputOf<'archive'>, 'type'>): Promise<void> {
    await this.#ground.caller.change(key, { type: 'archive', ...note });
  }

  /** Resolves when it is durable that the session will be archived. Rejects with `invalid_state` where it has not ended. */
  async request(key: SessionKey, order: ArchiveOrder): Promise<void> {
    await requestArchive(this.#ground, key, order);
  }

  /** What its archive takes at its place, and what it has freed here; undefined: it stands in none that is complete. */
  async stored(
    key: SessionKey,
  ): Promise<{ readonly storedBytes: number; readonly freedBytes: number } | undefined> {
    const archiveId = (await this.head(key))?.archiveId;
    if (archiveId === undefined) return undefined;
    const name = { tenant: key.tenant, kind: 'archive', name: archiveId } as const;
    const record = (await archives.find(this.#ground, name))?.record;
    if (record?.archivedAtMs === undefined) return undefined;
    const { folder, list, transcript, manifest, freedBytes = 0 } = record;
    const sizes = [folder, list, transcript, manifest].map((each) => each?.size ?? 0);
    return { storedBytes: sizes.reduce((sum, size) => sum + size, 0), freedBytes };
  }

  /** Whatever keeps the id of a session that is gone from use goes. Rejects with `unavailable` while forks hold it. */
  async release(key: SessionKey, by: string): Promise<void> {
    const { caller } = this.#ground;
    await caller.change(key, {
      ...{ type: 'delete', by, ifVersion: undefined, tombstoneMs: 0, mayBeGone: true },
    });
    for (let purges = 0; purges < MAX_PURGES; purges += 1)
      if (!(await journalOf(this.#ground).purge(PURGE_LIMIT)).left) return;
    throw new GreenroomError('unavailable', 'records of the deleted session still go');
  }

  async take(
    key: SessionKey,
    fromLine: number,
    lines: readonly Uint8Array[],
    session: Uint8Array,
  ): Promise<void> {
    await this.#ground.caller.change(key, { type: 'restoreChunk', fromLine, lines, session });
  }
}
