/**
 * A journal whose commits fail as the test plans it; everything else is the journal's behind it. A lost
 * answer is what a failed commit really is: an unknown outcome, here one that was stored.
 */

import { StorageError } from '../../src/model/errors.ts';
import type { Journal, SessionChange } from '../../src/session/ports/journal.ts';

export type Fault = 'none' | 'not-stored' | 'answer-lost';

export class FaultyJournal implements Journal {
  readonly #journal: Journal;
  readonly #plan: (commit: number, change: SessionChange) => Fault;
  #commits = 0;

  /** @param plan what becomes of the n-th commit, counted from 1. */
  constructor(journal: Journal, plan: (commit: number, change: SessionChange) => Fault) {
    this.#journal = journal;
    this.#plan = plan;
  }

  async commit(change: SessionChange): Promise<void> {
    this.#commits += 1;
    const fault = this.#plan(this.#commits, change);
    if (fault !== 'not-stored') await this.#journal.commit(change);
    if (fault !== 'none') throw new StorageError(`commit ${this.#commits} failed as planned`);
  }

  define: Journal['define'] = (change) => this.#journal.define(change);
  definition: Journal['definition'] = (key) => this.#journal.definition(key);
  definitions: Journal['definitions'] = (...asked) => this.#journal.definitions(...asked);
  open: Journal['open'] = (key) => this.#journal.open(key);
  responseOwner: Journal['responseOwner'] = (...asked) => this.#journal.responseOwner(...asked);
  audit: Journal['audit'] = (tenant, options) => this.#journal.audit(tenant, options);
  scanRows: Journal['scanRows'] = (visit) => this.#journal.scanRows(visit);
  changedSince: Journal['changedSince'] = (mark) => this.#journal.changedSince(mark);
  row: Journal['row'] = (key) => this.#journal.row(key);
  tally: Journal['tally'] = (tenant, name) => this.#journal.tally(tenant, name);
  subscribe: Journal['subscribe'] = (listener) => this.#journal.subscribe(listener);
  stats: Journal['stats'] = () => this.#journal.stats();
  due: Journal['due'] = (kind, options) => this.#journal.due(kind, options);
  owner: Journal['owner'] = () => this.#journal.owner();
  info: Journal['info'] = () => this.#journal.info();
}
