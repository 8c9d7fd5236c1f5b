/**
 * The sessions of one tenant, as columns by slot number. It owns all that the catalog knows of them.
 *
 * 1. A slot belongs to one session from `put` to `delete`; then it is free for another. 0 is no slot.
 * 2. Every sorted column's index, every posting and the order of ids name exactly the slots in use. While the table
 *    loads they name none, and nothing is searched: all are sorted at once when it settles.
 */

import type { CatalogRow } from '../../model/catalog-row.ts';
import type { SessionId, SessionKey, Tenant } from '../../model/ids.ts';
import { isAtTurn, type Mode, type Status } from '../../model/words.ts';
import { Column, Fields } from './columns.ts';
import { Facet } from './facet.ts';
import { IdTable } from './id-table.ts';
import { markOf } from './marks.ts';
import { OrderedIndex } from './ordered-index.ts';
import type { Recency } from './postings.ts';
import type { Loading, Saving } from './saved.ts';
import { costKeys, timeKeys, turnsKeys } from './sort-keys.ts';
import { sortedBy } from './sort-slots.ts';
import { SortedColumn } from './sorted-column.ts';
import { addRow, loadSums, noSums, type Sums, saveSums, takeRow } from './sums.ts';
import { TagTable } from './tag-table.ts';
import { TextNumbers } from './text-numbers.ts';
import { Texts } from './texts.ts';
import type { Walk } from './walk.ts';

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
  'childOf',
] as const;

/** The value of the facet `errors`. */
export const HAS_ERRORS = 'errors';
/** The value of the facet `archives`. */
export const HAS_ARCHIVE = 'archive';
/** The value of the facet `approvals`. */
export const HAS_APPROVAL = 'approval';

/** Estimated bytes of a number in a Set of V8, with its share of free room. */
const SET_ENTRY_BYTES = 32;

interface Part {
  readonly bytes: number;
  save(to: Saving): void;
  load(from: Loading): void;
}

export class SessionTable {
  readonly #tenant: Tenant;
  /** What nearly every row has, and a page shows. */
  readonly #fields = new Fields({ float64: 4, uint32: 12 });
  readonly #ids = new IdTable(this.#fields.uint32());
  readonly #freeSlots: number[] = [];
  #slotsEnd = 1;
  #sums = noSums();
  readonly #walks = new Set<Walk>();
  #isLoading: boolean;
  /** Rows whose last update is before they were made: a clock went back. */
  #backwards = 0;
  /** Means nothing: what `fetch` reads ends here, so that no compiler leaves it out. */
  lastRead = 0;

  readonly #texts = { title: new Texts(), summary: new Texts(), description: new Texts() };
  readonly #version = this.#fields.uint32();
  readonly #messageCount = this.#fields.uint32();
  readonly #costIsPartial = this.#fields.uint32();
  readonly #importedAtMs = Column.float64();
  readonly #openTurns = Column.uint32();
  readonly #errorCount = this.#fields.uint32();
  readonly tokens = this.#fields.float64();
  /** See `marks.ts`. */
  readonly #mark = this.#fields.uint32();
  readonly #numbers = [
    this.#version,
    this.#messageCount,
    this.#costIsPartial,
    this.#importedAtMs,
    this.#openTurns,
    this.#errorCount,
    this.tokens,
    this.#mark,
  ];
  readonly #open = new Set<number>();
  /** Slots in the order of their sessions' ids: what the beginning of an id asks for. */
  readonly #byId = new OrderedIndex(this.#ids);

  readonly #markOf = (slot: number): number => this.#mark.at(slot);

  readonly sorted = {
    updatedAt: new SortedColumn(this.#fields.float64(), this.#ids, timeKeys, this.#markOf),
    createdAt: new SortedColumn(this.#fields.float64(), this.#ids, timeKeys),
    cost: new SortedColumn(this.#fields.float64(), this.#ids, costKeys(this.#ids)),
    turns: new SortedColumn(this.#fields.uint32(), this.#ids, turnsKeys(this.#ids)),
  };
  readonly #recency: Recency = {
    keyOf: (slot) => this.sorted.updatedAt.keyOf(slot),
    compare: (a, b) => this.sorted.updatedAt.compare(a, b),
    markOf: this.#markOf,
    costNanoUsdAt: (slot) => this.sorted.cost.at(slot),
    partialAt: (slot) => this.#costIsPartial.at(slot),
    tokensAt: (slot) => this.tokens.at(slot),
    turnsAt: (slot) => this.sorted.turns.at(slot),
  };
  readonly facets = {
    status: new Facet(this.#recency, { values: this.#fields.uint32() }),
    mode: new Facet(this.#recency, { values: this.#fields.uint32() }),
    model: new Facet(this.#recency, { isSorted: true, values: this.#fields.uint32() }),
    workingDirectory: new Facet(this.#recency, { isSorted: true, values: this.#fields.uint32() }),
    permissionMode: new Facet(this.#recency),
    owner: new Facet(this.#recency),
    templateId: new Facet(this.#recency),
    externalKey: new Facet(this.#recency),
    projectKey: new Facet(this.#recency),
    parentId: new Facet(this.#recency),
    childOf: new Facet(this.#recency),
    /** Of one value, which rows with errors have. */
    errors: new Facet(this.#recency),
    /** Of one value, which rows with an archive have. */
    archives: new Facet(this.#recency),
    /** Of one value, which rows have of which something waits for a person. */
    approvals: new Facet(this.#recency),
  };
  readonly tags = new TagTable(this.#recency, this.#fields.uint32());
  readonly tools = new TagTable(this.#recency);
  texts = new TextNumbers();
  readonly #lists = [...Object.values(this.facets), this.tags, this.tools];
  readonly #orders = Object.values(this.sorted).map(({ index }) => index);

  /** @param isLoading whether many rows will be put before anything is searched: then `settle` ends that. */
  constructor(tenant: Tenant, { isLoading = false }: { readonly isLoading?: boolean } = {}) {
    this.#tenant = tenant;
    this.#isLoading = isLoading;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** Over all sessions, as they are now. */
  get sums(): Sums {
    return { ...this.#sums };
  }

  /** Greater than every slot that is in use. */
  get slotsEnd(): number {
    return this.#slotsEnd;
  }

  /** From now on the walk meets each row before it changes. */
  begin(walk: Walk): void {
    this.#walks.add(walk);
  }

  end(walk: Walk): void {
    this.#walks.delete(walk);
  }

  /** Counts the row in. */
  addTo(sums: ReturnType<typeof noSums>, slot: number): void {
    addRow(sums, this.#recency, slot);
  }

  /** Slots with open turns. */
  get open(): ReadonlySet<number> {
    return this.#open;
  }

  /** No session was updated before it was made: so what is made after a moment is updated after it too. */
  get isForward(): boolean {
    return this.#backwards === 0;
  }

  slotOf(sessionId: string): number | undefined {
    return this.#ids.slotOf(sessionId) || undefined;
  }

  idAt(slot: number): string {
    return this.#ids.at(slot);
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

  /**
   * Reads of all these rows what `rowAt` will read: places that do not depend on each other, for which the processor
   * waits at the same time.
   */
  fetch(slots: readonly number[]): void {
    this.fetchFields(slots);
    let read = 0;
    for (const slot of slots)
      read += this.#ids.lengthAt(slot) + this.tags.count(slot) + this.#texts.title.weight(slot);
    this.lastRead = read;
  }

  /** The same of what stands side by side: tests mostly ask for these. */
  fetchFields(slots: readonly number[]): void {
    let read = 0;
    for (const slot of slots) read += this.sorted.createdAt.at(slot) + this.#mark.at(slot);
    this.lastRead = read;
  }

  put(row: CatalogRow): void {
    const known = this.#ids.slotOf(row.key.sessionId);
    if (known !== 0) this.#unlist(known);
    const slot = known === 0 ? this.#add(row.key.sessionId) : known;
    this.#set(slot, row);
    this.#list(slot);
    if (known === 0 && !this.#isLoading) this.#byId.insert(slot);
  }

  delete(sessionId: string): void {
    const slot = this.#ids.slotOf(sessionId);
    if (slot === 0) return;
    this.#unlist(slot);
    this.#byId.delete(slot);
    for (const column of Object.values(this.sorted)) column.values.set(slot, 0);
    for (const facet of Object.values(this.facets)) facet.set(slot, undefined);
    for (const texts of Object.values(this.#texts)) texts.set(slot, undefined);
    this.tags.set(slot, []);
    this.tools.set(slot, []);
    this.texts.forget(slot);
    for (const column of this.#numbers) column.set(slot, 0);
    this.#open.delete(slot);
    this.#ids.delete(slot);
    this.#freeSlots.push(slot);
  }

  /** Ends the loading: from now on rows are found. */
  settle(): void {
    if (!this.#isLoading) return;
    this.#isLoading = false;
    const slots = this.#slots();
    for (const slot of slots) this.#byId.insert(slot);
    for (const column of Object.values(this.sorted)) {
      const order = sortedBy(slots, column);
      for (const slot of order) column.index.insert(slot);
      if (column !== this.sorted.updatedAt) continue;
      for (const lists of this.#lists) for (const slot of order) lists.list(slot);
    }
  }

  /**
   * One shape for all rows, in which what a row lacks is undefined: a page is made of nothing but these.
   *
   * @param isWhole with what a search does not show.
   */
  rowAt(slot: number, isWhole = false): CatalogRow {
    const { sorted, facets } = this;
    const importedAtMs = this.#importedAtMs.at(slot);
    const status = facets.status.text(slot) as Status;
    return {
      key: this.#keyAt(slot),
      version: this.#version.at(slot),
      createdAtMs: sorted.createdAt.at(slot),
      updatedAtMs: sorted.updatedAt.at(slot),
      importedAtMs: importedAtMs === 0 ? undefined : importedAtMs,
      status,
      mode: facets.mode.text(slot) as Mode,
      title: this.#texts.title.at(slot),
      summary: this.#texts.summary.at(slot),
      description: this.#texts.description.at(slot),
      tags: this.tags.tags(slot),
      messageCount: this.#messageCount.at(slot),
      numTurns: sorted.turns.at(slot),
      costNanoUsd: sorted.cost.at(slot),
      costIsPartial: this.#costIsPartial.at(slot) === 1,
      model: facets.model.text(slot),
      workingDirectory: facets.workingDirectory.text(slot),
      permissionMode: facets.permissionMode.text(slot),
      owner: facets.owner.text(slot),
      templateId: facets.templateId.text(slot),
      externalKey: facets.externalKey.text(slot),
      projectKey: facets.projectKey.text(slot),
      parentId: facets.parentId.text(slot),
      childOf: facets.childOf.text(slot),
      hasArchive: facets.archives.valueAt(slot) === 0 ? undefined : true,
      hasApproval: isAtTurn(status) ? facets.approvals.valueAt(slot) !== 0 : undefined,
      openTurns: this.#openTurns.at(slot),
      errorCount: this.#errorCount.at(slot),
      tokens: this.tokens.at(slot),
      toolsUsed: isWhole ? this.tools.tags(slot) : undefined,
    };
  }

  get bytes(): number {
    const rest = this.#open.size * SET_ENTRY_BYTES + this.#freeSlots.length * 8;
    const parts = Object.values(this.#parts());
    return parts.reduce((sum, part) => sum + part.bytes, rest + this.texts.bytes);
  }

  /** All but the numbers of the text index, which says them anew; of a table that has settled. */
  save(to: Saving): void {
    to.number(this.#slotsEnd);
    to.number(this.#backwards);
    to.array(Uint32Array.from(this.#freeSlots));
    to.array(Uint32Array.from(this.#open));
    saveSums(to, this.#sums);
    for (const [name, part] of Object.entries(this.#parts())) {
      to.text(name);
      part.save(to);
    }
  }

  /** Of a table that holds nothing yet and is not loading. Throws when it was saved by one with other columns. */
  load(from: Loading): void {
    this.#slotsEnd = from.number();
    this.#backwards = from.number();
    for (const slot of from.uint32()) this.#freeSlots.push(slot);
    for (const slot of from.uint32()) this.#open.add(slot);
    this.#sums = loadSums(from);
    for (const [name, part] of Object.entries(this.#parts())) {
      from.expect(name);
      part.load(from);
    }
  }

  /** What is kept of rows, by names that tell a snapshot of other columns. */
  #parts() {
    const named = <T>(name: string, parts: { readonly [field: string]: T }): [string, T][] =>
      Object.entries(parts).map(([field, part]) => [`${name} ${field}`, part]);
    return Object.fromEntries<Part>([
      ['fields', this.#fields],
      ['ids', this.#ids],
      ['tags', this.tags],
      ['tools', this.tools],
      ['by id', this.#byId],
      ...named<Part>('number', Object.fromEntries(this.#numbers.entries())),
      ...named<Part>('text', this.#texts),
      ...named<Part>('sorted', this.sorted),
      ...named<Part>('facet', this.facets),
    ]);
  }

  #add(sessionId: string): number {
    const slot = this.#freeSlots.pop() ?? this.#slotsEnd++;
    this.#ids.add(slot, sessionId);
    return slot;
  }

  /** Those in use, mostly in the order of their ids: a store is read so. */
  #slots(): Uint32Array {
    const slots = new Uint32Array(this.#ids.size);
    let size = 0;
    for (let slot = 1; slot < this.#slotsEnd; slot++) if (this.#ids.has(slot)) slots[size++] = slot;
    return slots;
  }

  /** Puts the row into all orders, by the values that it has now. */
  #list(slot: number): void {
    const { createdAt, updatedAt } = this.sorted;
    addRow(this.#sums, this.#recency, slot);
    if (updatedAt.at(slot) < createdAt.at(slot)) this.#backwards += 1;
    if (this.#isLoading) return;
    for (const index of this.#orders) index.insert(slot);
    for (const lists of this.#lists) lists.list(slot);
  }

  /** Before the values change by which it is found there. */
  #unlist(slot: number): void {
    for (const walk of this.#walks) walk.meet(slot);
    const { createdAt, updatedAt } = this.sorted;
    takeRow(this.#sums, this.#recency, slot);
    if (updatedAt.at(slot) < createdAt.at(slot)) this.#backwards -= 1;
    for (const lists of this.#lists) lists.unlist(slot);
    for (const index of this.#orders) index.delete(slot);
  }

  #set(slot: number, row: CatalogRow): void {
    const { facets, sorted } = this;
    sorted.updatedAt.values.set(slot, row.updatedAtMs);
    sorted.createdAt.values.set(slot, row.createdAtMs);
    sorted.cost.values.set(slot, row.costNanoUsd);
    sorted.turns.values.set(slot, row.numTurns);
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
    facets.childOf.set(slot, row.childOf);
    for (const field of TEXTS) this.#texts[field].set(slot, row[field]);
    facets.archives.set(slot, row.hasArchive === true ? HAS_ARCHIVE : undefined);
    facets.approvals.set(slot, row.hasApproval === true ? HAS_APPROVAL : undefined);
    facets.errors.set(slot, row.errorCount > 0 ? HAS_ERRORS : undefined);
    this.tags.set(slot, row.tags);
    this.tools.set(slot, row.toolsUsed ?? []);
    this.#version.set(slot, row.version);
    this.#messageCount.set(slot, row.messageCount);
    this.#importedAtMs.set(slot, row.importedAtMs ?? 0);
    this.#costIsPartial.set(slot, row.costIsPartial ? 1 : 0);
    this.#openTurns.set(slot, row.openTurns);
    this.#errorCount.set(slot, row.errorCount);
    this.tokens.set(slot, row.tokens);
    this.#mark.set(slot, markOf(row.costNanoUsd, this.tags.bits(slot)));
    if (hasWork(row)) this.#open.add(slot);
    else this.#open.delete(slot);
  }

  #keyAt(slot: number): SessionKey {
    return { tenant: this.#tenant, sessionId: this.idAt(slot) as SessionId };
  }
}

/** Something that only an awake session does. One that waits for a moment is woken by the due index. */
const hasWork = ({ openTurns, status, offers }: CatalogRow): boolean =>
  (openTurns > 0 && status !== 'waiting') || offers !== undefined;
