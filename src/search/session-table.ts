/**
 * The sessions of one tenant, as columns by slot number. It owns all that the catalog knows of them.
 *
 * 1. A slot belongs to one session from `put` to `delete`; then it is free for another. 0 is no slot.
 * 2. Every sorted column's index, every facet and the tags name exactly the slots in use.
 */

import type { SummaryRow } from '../model/catalog-row.ts';
import type { Mode, Status } from '../model/head.ts';
import type { SessionId, SessionKey, Tenant } from '../model/ids.ts';
import { Column, Texts } from './columns.ts';
import { MAP_ENTRY_BYTES } from './dictionary.ts';
import { Facet } from './facet.ts';
import { alphabetical, OrderedIndex } from './ordered-index.ts';
import { SortedColumn } from './sorted-column.ts';
import { TagTable } from './tag-table.ts';

const TEXTS = ['title', 'summary', 'description'] as const;
/** Facets of which a row may have no value. */
export const OPTIONAL_FACETS = [
  'model',
  'workingDirectory',
  'permissionMode',
  'owner',
  'templateId',
  'externalKey',
  'projectKey',
  'parentId',
] as const;

export class SessionTable {
  readonly #tenant: Tenant;
  readonly #slots = new Map<string, number>();
  readonly #freeSlots: number[] = [];
  #slotsEnd = 1;
  #costNanoUsd = 0;

  readonly #ids = new Texts();
  readonly #texts = { title: new Texts(), summary: new Texts(), description: new Texts() };
  readonly #version = Column.uint32();
  readonly #messageCount = Column.uint32();
  readonly #costIsPartial = Column.uint32();
  readonly #importedAtMs = Column.float64();
  readonly #openTurns = Column.uint32();
  readonly #numbers = [
    this.#version,
    this.#messageCount,
    this.#costIsPartial,
    this.#importedAtMs,
    this.#openTurns,
  ];
  readonly #open = new Set<number>();
  /** Slots in the order of their sessions' ids: what the beginning of an id asks for. */
  readonly #byId = new OrderedIndex((a, b) => alphabetical(this.idAt(a), this.idAt(b)));

  readonly sorted = {
    updatedAt: this.#sortedBy(Column.float64()),
    createdAt: this.#sortedBy(Column.float64()),
    cost: this.#sortedBy(Column.float64()),
    turns: this.#sortedBy(Column.uint32()),
  };
  readonly facets = {
    status: new Facet(),
    mode: new Facet(),
    model: new Facet(),
    workingDirectory: new Facet({ isSorted: true }),
    permissionMode: new Facet(),
    owner: new Facet(),
    templateId: new Facet(),
    externalKey: new Facet(),
    projectKey: new Facet(),
    parentId: new Facet(),
  };
  readonly tags = new TagTable();

  constructor(tenant: Tenant) {
    this.#tenant = tenant;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** Known cost of all sessions. */
  get costNanoUsd(): number {
    return this.#costNanoUsd;
  }

  /** Slots with open turns. */
  get open(): ReadonlySet<number> {
    return this.#open;
  }

  slotOf(sessionId: string): number | undefined {
    return this.#slots.get(sessionId);
  }

  idAt(slot: number): string {
    return this.#ids.at(slot) ?? '';
  }

  /** The ranks of the ids that begin so, in `eachById`: the first, and the one after the last. */
  ranksOf(idPrefix: string): readonly [number, number] {
    const from = this.#byId.rank((slot) => this.idAt(slot) >= idPrefix);
    const isBehind = (slot: number) => {
      const id = this.idAt(slot);
      return id > idPrefix && !id.startsWith(idPrefix);
    };
    return [from, this.#byId.rank(isBehind)];
  }

  /** Visits slots in the order of their ids. */
  eachById(from: number, to: number, visit: (slot: number) => void): void {
    this.#byId.ascend(from, to, (slot) => {
      visit(slot);
      return true;
    });
  }

  put(row: SummaryRow): void {
    const slot = this.#slots.get(row.key.sessionId);
    if (slot === undefined) this.#setRest(this.#add(row), row);
    else {
      this.#sortAgain(slot, row);
      this.#setRest(slot, row);
    }
  }

  delete(sessionId: string): void {
    const slot = this.#slots.get(sessionId);
    if (slot === undefined) return;
    this.#costNanoUsd -= this.sorted.cost.at(slot);
    for (const column of Object.values(this.sorted)) column.delete(slot);
    for (const facet of Object.values(this.facets)) facet.set(slot, undefined);
    for (const texts of Object.values(this.#texts)) texts.set(slot, undefined);
    this.tags.set(slot, []);
    for (const column of this.#numbers) column.set(slot, 0);
    this.#open.delete(slot);
    this.#byId.delete(slot);
    this.#ids.set(slot, undefined);
    this.#slots.delete(sessionId);
    this.#freeSlots.push(slot);
  }

  rowAt(slot: number): SummaryRow {
    const { sorted, facets } = this;
    return {
      key: this.#keyAt(slot),
      version: this.#version.at(slot),
      createdAtMs: sorted.createdAt.at(slot),
      updatedAtMs: sorted.updatedAt.at(slot),
      status: facets.status.text(slot) as Status,
      mode: facets.mode.text(slot) as Mode,
      tags: this.tags.tags(slot),
      messageCount: this.#messageCount.at(slot),
      numTurns: sorted.turns.at(slot),
      costNanoUsd: sorted.cost.at(slot),
      costIsPartial: this.#costIsPartial.at(slot) === 1,
      openTurns: this.#openTurns.at(slot),
      ...this.#optionalAt(slot),
    };
  }

  each(visit: (slot: number) => void): void {
    for (const slot of this.#slots.values()) visit(slot);
  }

  get bytes(): number {
    const parts = [
      this.#ids,
      this.tags,
      this.#byId,
      ...this.#numbers,
      ...Object.values(this.#texts),
      ...Object.values(this.sorted),
      ...Object.values(this.facets),
    ];
    const maps =
      (this.#slots.size + this.#open.size) * MAP_ENTRY_BYTES + this.#freeSlots.length * 8;
    return parts.reduce((sum, part) => sum + part.bytes, maps);
  }

  #sortedBy(values: Column): SortedColumn {
    return new SortedColumn(values, (slot) => this.idAt(slot));
  }

  #add(row: SummaryRow): number {
    const slot = this.#freeSlots.pop() ?? this.#slotsEnd++;
    this.#ids.set(slot, row.key.sessionId);
    this.#slots.set(this.#ids.at(slot) ?? row.key.sessionId, slot);
    this.#byId.insert(slot);
    this.#costNanoUsd += row.costNanoUsd;
    this.sorted.updatedAt.add(slot, row.updatedAtMs);
    this.sorted.createdAt.add(slot, row.createdAtMs);
    this.sorted.cost.add(slot, row.costNanoUsd);
    this.sorted.turns.add(slot, row.numTurns);
    return slot;
  }

  #sortAgain(slot: number, row: SummaryRow): void {
    this.#costNanoUsd += row.costNanoUsd - this.sorted.cost.at(slot);
    this.sorted.updatedAt.set(slot, row.updatedAtMs);
    this.sorted.createdAt.set(slot, row.createdAtMs);
    this.sorted.cost.set(slot, row.costNanoUsd);
    this.sorted.turns.set(slot, row.numTurns);
  }

  #setRest(slot: number, row: SummaryRow): void {
    const { facets } = this;
    facets.status.set(slot, row.status);
    facets.mode.set(slot, row.mode);
    facets.model.set(slot, row.model);
    facets.workingDirectory.set(slot, row.workingDirectory);
    facets.permissionMode.set(slot, row.permissionMode);
    facets.owner.set(slot, row.owner);
    facets.templateId.set(slot, row.templateId);
    facets.externalKey.set(slot, row.externalKey);
    facets.projectKey.set(slot, row.projectKey);
    facets.parentId.set(slot, row.parentId);
    for (const field of TEXTS) this.#texts[field].set(slot, row[field]);
    this.tags.set(slot, row.tags);
    this.#version.set(slot, row.version);
    this.#messageCount.set(slot, row.messageCount);
    this.#importedAtMs.set(slot, row.importedAtMs ?? 0);
    this.#costIsPartial.set(slot, row.costIsPartial ? 1 : 0);
    this.#openTurns.set(slot, row.openTurns);
    if (row.openTurns > 0 || row.offers !== undefined) this.#open.add(slot);
    else this.#open.delete(slot);
  }

  #keyAt(slot: number): SessionKey {
    return { tenant: this.#tenant, sessionId: this.idAt(slot) as SessionId };
  }

  /** The fields that a row may lack: absent rather than undefined. */
  #optionalAt(slot: number): Partial<SummaryRow> {
    const { facets } = this;
    const fields: Record<string, string | number> = {};
    const set = (field: string, value: string | number | undefined) => {
      if (value !== undefined) fields[field] = value;
    };
    set('importedAtMs', this.#importedAtMs.at(slot) || undefined);
    for (const field of TEXTS) set(field, this.#texts[field].at(slot));
    for (const field of OPTIONAL_FACETS) set(field, facets[field].text(slot));
    return fields;
  }
}
