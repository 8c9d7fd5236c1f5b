/** The parts of a journal that the catalog and the cleaner know, played by hand; and an actor that lends it its name. */

import type { CatalogRow } from '../../src/model/catalog-row.ts';
import { type Head, newHead } from '../../src/model/head.ts';
import { keyString, type SessionKey } from '../../src/model/ids.ts';
import type { ChildSpec } from '../../src/otp/child-spec.ts';
import { genServer, protocol } from '../../src/otp/gen-server.ts';
import type { Name } from '../../src/otp/name.ts';
import type { Journal, JournalUpkeep, SessionChange } from '../../src/session/ports/journal.ts';
import { rowOf } from './summary-row.ts';

type Listener = Parameters<Journal['subscribe']>[0];
type Known = Pick<Journal, 'subscribe' | 'scanRows' | 'row' | 'changedSince'> & JournalUpkeep;

export class FakeJournal implements Known {
  readonly rows: CatalogRow[] = [];
  readonly listeners = new Set<Listener>();
  /** Bytes of deleted sessions that wait for the purge, in the steps that it takes. */
  readonly toPurge: number[] = [];
  /** Runs in the middle of a scan. */
  duringScan: () => void | Promise<void> = () => undefined;

  commit(...changes: SessionChange[]): void {
    for (const listener of this.listeners) listener(changes);
  }

  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async scanRows(visit: (row: CatalogRow) => void): Promise<void> {
    await this.duringScan();
    for (const row of this.rows) visit(row);
  }

  row(key: SessionKey): CatalogRow | undefined {
    return this.rows.find((row) => keyString(row.key) === keyString(key));
  }

  async changedSince(): Promise<readonly SessionKey[] | undefined> {
    return undefined;
  }

  changeMark(): undefined {
    return undefined;
  }

  hasChangedSince(): boolean {
    return true;
  }

  forgetChanges(): void {}

  /** What a session takes. */
  size: (sessionId: string) => number = () => 0;

  async bytesOf({ sessionId }: SessionKey): Promise<number> {
    return this.size(sessionId);
  }

  async purge(): Promise<{ purged: number; bytes: number; left: boolean }> {
    const bytes = this.toPurge.shift();
    return {
      purged: bytes === undefined ? 0 : 1,
      bytes: bytes ?? 0,
      left: this.toPurge.length > 0,
    };
  }
}

export const writeOf = (sessionId: string, fields: Partial<Head> = {}): SessionChange => ({
  kind: 'write',
  key: rowOf(sessionId).key,
  expectedVersion: 0,
  head: { ...newHead(rowOf(sessionId).key, 1_000), version: 1, ...fields },
  audit: [],
  appends: [],
  streams: [],
  turns: [],
  newTurnIds: [],
  responses: [],
});

export const deleteOf = (sessionId: string): SessionChange => ({
  kind: 'delete',
  key: rowOf(sessionId).key,
  expectedVersion: 1,
  tombstoneUntilMs: 0,
  audit: [],
});

const Holder = genServer(protocol({ calls: {} }), {
  init: ({ name, value }: { name: Name<unknown>; value: unknown }, self) => {
    self.register(name, value);
    return undefined;
  },
  handleCall: {},
});

/** An actor that does nothing but keep a value under a name. */
export const holder = <T>(name: Name<T>, value: T): ChildSpec =>
  Holder.childSpec({ name: name as Name<unknown>, value }, { id: name.key });
