/**
 * How the PostgreSQL store makes its changes: in the order of the calls, each in one statement or one transaction,
 * until it is settled what became of it. It owns the calls that wait and the groups of appends.
 */

import { codeOf, GreenroomError } from '../../../model/errors.ts';
import { alreadyExists, type ChangeOptions, notFound, versionPassed } from '../../session-store.ts';
import { CallOrder } from '../shared/call-order.ts';
import { outage } from '../shared/outage.ts';
import { Groups } from './groups.ts';
import type { PostgresClient, PostgresPool } from './postgres-pool.ts';
import { columnsOf, plainValues } from './rows.ts';
import type { StatementName } from './statements.ts';
import type { UncertainWrites } from './uncertain-writes.ts';

/** Groups of appends under way, and appends of one group. */
const GROUPS = { maxUnderWay: 3, maxItems: 64 };

interface Append {
  readonly id: string;
  readonly values: readonly unknown[];
  readonly expectedVersion: number | undefined;
  readonly dueMs: number;
}

/** What a try came to; `again`: somebody else came between, and is gone. */
type Outcome = 'ok' | 'absent' | 'exists' | 'late' | { readonly isAt: number } | 'again';

export interface ChangesOptions {
  readonly tenant: string;
  readonly pool: PostgresPool;
  /** Told of sessions of which it is not known whether a change was made. */
  readonly uncertainWrites: UncertainWrites;
  /** When a call that begins now must have ended. */
  readonly dueMs: () => number;
}

export class Changes {
  readonly #options: ChangesOptions;
  readonly #order = new CallOrder();
  readonly #appends = new Groups((appends: readonly Append[]) => this.#appendAll(appends), GROUPS);

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  /** Resolves when all that was asked for until now has ended. */
  idle(): Promise<void> {
    return this.#order.idle();
  }

  async create(id: string, values: readonly unknown[]): Promise<void> {
    await this.#settled(id, async (dueMs) => {
      const outcome = await this.#options.pool.use(
        async (client): Promise<Outcome> => {
          const gate = [this.#options.tenant, id, client.lastMoment(dueMs)];
          const { count } = await client.run('create', [...gate, ...values]);
          if (count > 0) return 'ok';
          const { isInTime, version } = await this.#diagnose(client, id, dueMs);
          if (!isInTime) return 'late';
          return version === null ? 'again' : 'exists';
        },
        dueMs,
        true,
      );
      return outcome;
    });
  }

  /** Appends that come while others are under way share a commit. */
  async append(
    id: string,
    values: readonly unknown[],
    { expectedVersion }: ChangeOptions = {},
  ): Promise<void> {
    const change = (dueMs: number) => this.#appends.add({ id, values, expectedVersion, dueMs });
    await this.#settled(id, change, { expectedVersion });
  }

  async #appendAll(appends: readonly Append[]): Promise<readonly (Outcome | Promise<Outcome>)[]> {
    const [first] = appends;
    if (first !== undefined && appends.length === 1) return [await this.#appendAlone(first)];
    const dueMs = Math.min(...appends.map((append) => append.dueMs));
    const appendMany = async (client: PostgresClient): Promise<ReadonlySet<number>> => {
      const { rows } = await client.run('appendMany', [
        this.#options.tenant,
        appends.map(({ id }) => id),
        appends.map((append) => client.lastMoment(append.dueMs)),
        appends.map(({ expectedVersion }) => expectedVersion ?? null),
        ...columnsOf(appends.map(({ values }) => values)),
      ]);
      return new Set(rows.map(({ place }) => Number(place) - 1));
    };
    let stored: ReadonlySet<number>;
    try {
      stored = await this.#options.pool.use(appendMany, dueMs, true);
    } catch (error) {
      // One that cannot be stored takes nobody along: each goes alone, and hears for itself.
      if (codeOf(error) !== 'serialization_failed') throw error;
      stored = new Set();
    }
    return appends.map((append, at) => (stored.has(at) ? 'ok' : this.#appendAlone(append)));
  }

  #appendAlone({ id, values, expectedVersion, dueMs }: Append): Promise<Outcome> {
    const plain = plainValues(values);
    return plain === undefined
      ? this.#attempt('append', id, values, expectedVersion, dueMs)
      : this.#attempt('appendPlain', id, plain, expectedVersion, dueMs);
  }

  /** A change in one statement. */
  async statement(
    name: StatementName,
    id: string,
    values: readonly unknown[],
    { expectedVersion }: ChangeOptions = {},
  ): Promise<void> {
    const change = (dueMs: number) => this.#attempt(name, id, values, expectedVersion, dueMs);
    await this.#settled(id, change, { expectedVersion });
  }

  async #attempt(
    name: StatementName,
    id: string,
    values: readonly unknown[],
    expectedVersion: number | undefined,
    dueMs: number,
  ): Promise<Outcome> {
    const attempt = async (client: PostgresClient): Promise<Outcome> => {
      const gate = [this.#options.tenant, id, client.lastMoment(dueMs), expectedVersion ?? null];
      const { count } = await client.run(name, [...gate, ...values]);
      if (count > 0) return 'ok';
      const { isInTime, version } = await this.#diagnose(client, id, dueMs);
      if (version === null) return 'absent';
      if (expectedVersion !== undefined && version !== expectedVersion) return { isAt: version };
      return isInTime ? 'again' : 'late';
    };
    return this.#options.pool.use(attempt, dueMs, true);
  }

  /** A change in several statements, all or none of them, alone with the sessions that it needs. */
  async transaction(
    ids: readonly string[],
    id: string,
    sought: string,
    work: (client: PostgresClient) => Promise<Outcome>,
  ): Promise<void> {
    const attempt = async (client: PostgresClient, dueMs: number): Promise<Outcome> => {
      await client.command('BEGIN');
      await client.run('lock', [this.#options.tenant, ids]);
      const [row] = (await client.run('inTime', [client.lastMoment(dueMs)])).rows;
      const outcome = row?.['is_in_time'] === true ? await work(client) : 'late';
      await client.command(outcome === 'ok' ? 'COMMIT' : 'ROLLBACK');
      return outcome;
    };
    const change = (dueMs: number) =>
      this.#options.pool.use((client) => attempt(client, dueMs), dueMs, true);
    await this.#settled(id, change, { sought, alsoAfter: ids });
  }

  /** In the order of the calls, until it is settled what became of it. */
  async #settled(
    id: string,
    change: (dueMs: number) => Promise<Outcome>,
    asked: {
      readonly expectedVersion?: number | undefined;
      readonly sought?: string;
      readonly alsoAfter?: readonly string[];
    } = {},
  ): Promise<void> {
    const dueMs = this.#options.dueMs();
    await this.#order.run(asked.alsoAfter ?? id, async () => {
      try {
        let outcome: Outcome = 'again';
        while (outcome === 'again') outcome = await change(dueMs);
        check(outcome, id, asked.sought ?? id, asked.expectedVersion);
      } catch (error) {
        if (isUnknown(error)) this.#options.uncertainWrites.add(id);
        throw error;
      }
    });
  }

  /** What is so now, with everything older done or given up: the lock is taken in a statement of its own, before. */
  async #diagnose(client: PostgresClient, id: string, dueMs: number) {
    await client.run('lock', [this.#options.tenant, [id]]);
    const { rows } = await client.run('diagnose', [
      this.#options.tenant,
      id,
      client.lastMoment(dueMs),
    ]);
    const version = rows[0]?.['version'] ?? null;
    return {
      version: version === null ? null : Number(version),
      isInTime: rows[0]?.['is_in_time'] === true,
    };
  }
}

const check = (
  outcome: Exclude<Outcome, 'again'>,
  id: string,
  sought: string,
  expectedVersion: number | undefined,
): void => {
  switch (outcome) {
    case 'ok':
      return;
    case 'absent':
      throw notFound(sought);
    case 'exists':
      throw alreadyExists(id);
    case 'late':
      throw outage('PostgreSQL came to this change too late', 'none');
    default:
      throw versionPassed(id, expectedVersion ?? 0, outcome.isAt);
  }
};

const isUnknown = (error: unknown): boolean =>
  error instanceof GreenroomError && error.details?.['outcome'] === 'unknown';
