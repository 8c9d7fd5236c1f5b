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

  head: Journal['head'] = (key) => this.#journal.head(key);
  entries: Journal['entries'] = (...asked) => this.#journal.entries(...asked);
  stream: Journal['stream'] = (key, subpath) => this.#journal.stream(key, subpath);
  streams: Journal['streams'] = (key) => this.#journal.streams(key);
  turn: Journal['turn'] = (key, turnId) => this.#journal.turn(key, turnId);
  turns: Journal['turns'] = (key, options) => this.#journal.turns(key, options);
  response: Journal['response'] = (key, response) => this.#journal.response(key, response);
  responseOwner: Journal['responseOwner'] = (...asked) => this.#journal.responseOwner(...asked);
  tombstone: Journal['tombstone'] = (key) => this.#journal.tombstone(key);
  audit: Journal['audit'] = (tenant, options) => this.#journal.audit(tenant, options);
  responses: Journal['responses'] = (key, options) => this.#journal.responses(key, options);
  auditOf: Journal['auditOf'] = (key, options) => this.#journal.auditOf(key, options);
  scanRows: Journal['scanRows'] = (visit) => this.#journal.scanRows(visit);
  subscribe: Journal['subscribe'] = (listener) => this.#journal.subscribe(listener);
  stats: Journal['stats'] = () => this.#journal.stats();
  due: Journal['due'] = (kind, options) => this.#journal.due(kind, options);
  owner: Journal['owner'] = () => this.#journal.owner();
  info: Journal['info'] = () => this.#journal.info();
}
