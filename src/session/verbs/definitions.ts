/** A tenant's templates, tasks and schedules, for the verbs on them: read, put, listed, deleted. */
import { z } from 'zod';
import type { Definition, DefinitionKey, DefinitionKind } from '../../model/definition.ts';
import { codeOf, GreenroomError } from '../../model/errors.ts';
import type { Settings } from '../../model/head.ts';
import { DefinitionName } from '../../model/id-schemas.ts';
import { shownServers } from '../../model/mcp-servers.ts';
import { iso } from '../../model/moment.ts';
import { type Ground, journalOf, type SessionsWork } from './verb.ts';

/** Definitions of a kind that a tenant may have. */
export const MAX_DEFINITIONS = 1_000;
/** Largest definition, as JSON, in bytes. */
export const MAX_DEFINITION_BYTES = 512 * 1024;
/** A page of a list ends with the definition that reaches this, so that it fits into a message of any broker. */
const PAGE_BYTES = 256 * 1024;
/** How often a change is made anew, because another one came between. */
const MAX_CONFLICTS = 5;

export const Named = z.strictObject({ name: DefinitionName });
export const putShape = {
  name: DefinitionName.describe('1-50 letters, digits, `-` and `_`'),
  expectedVersion: z
    .int()
    .min(0)
    .optional()
    .describe('refused with `version_conflict` unless it is at this version; 0: it must be new'),
};
export const ListRequest = z.strictObject({
  limit: z.int().min(1).max(MAX_DEFINITIONS).default(100),
  cursor: DefinitionName.optional(),
});
export const Deleted = z.strictObject({ deleted: z.literal(true) });
/** What all views of definitions begin with. */
export const viewShape = {
  name: z.string(),
  version: z.int().min(1),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
};

export type KnownDefinition<R> = Omit<Definition, 'record'> & { readonly record: R };

/** One kind of definitions, with what their records say. */
export class Definitions<R extends object> {
  readonly kind: DefinitionKind;

  constructor(kind: DefinitionKind) {
    this.kind = kind;
  }

  key({ context }: Pick<SessionsWork, 'context'>, name: string): DefinitionKey {
    return { tenant: context.tenant, kind: this.kind, name };
  }

  async find(ground: Ground, key: DefinitionKey): Promise<KnownDefinition<R> | undefined> {
    return (await journalOf(ground).definition(key)) as KnownDefinition<R> | undefined;
  }

  /** Throws `definition_not_found`. */
  async get(work: SessionsWork, name: string): Promise<KnownDefinition<R>> {
    const found = await this.find(work, this.key(work, name));
    if (found !== undefined) return found;
    throw new GreenroomError('definition_not_found', `there is no ${this.kind} ${name}`);
  }

  /** As many as were asked for, or as fit into a message; `nextCursor`: there may be more. */
  async list(
    work: SessionsWork,
    page: z.output<typeof ListRequest>,
  ): Promise<{ readonly found: readonly KnownDefinition<R>[]; readonly nextCursor?: string }> {
    const all = await this.#read(work, page);
    let bytes = 0;
    const tooMany = all.findIndex(({ record }) => {
      const isFull = bytes >= PAGE_BYTES;
      bytes += Buffer.byteLength(JSON.stringify(record));
      return isFull;
    });
    const found = tooMany === -1 ? all : all.slice(0, tooMany);
    const last = found.at(-1);
    const isWhole = tooMany === -1 && found.length < page.limit;
    return isWhole || last === undefined ? { found } : { found, nextCursor: last.key.name };
  }

  /** All of them: at most `MAX_DEFINITIONS`. */
  all(work: SessionsWork): Promise<readonly KnownDefinition<R>[]> {
    return this.#read(work, { limit: MAX_DEFINITIONS });
  }

  async #read(
    work: SessionsWork,
    { limit, cursor }: z.output<typeof ListRequest>,
  ): Promise<readonly KnownDefinition<R>[]> {
    const page = cursor === undefined ? { limit } : { limit, cursor };
    const found = await journalOf(work).definitions(work.context.tenant, this.kind, page);
    return found as unknown as readonly KnownDefinition<R>[];
  }

  /** @param now what it says from now on, of what it said before. */
  async put(
    work: SessionsWork,
    {
      name,
      expectedVersion,
    }: { readonly name: string; readonly expectedVersion?: number | undefined },
    now: (before: KnownDefinition<R> | undefined) => {
      readonly record: R;
      readonly dueMs?: number | undefined;
    },
  ): Promise<KnownDefinition<R>> {
    const key = this.key(work, name);
    const before = await this.find(work, key);
    const version = before?.version ?? 0;
    if (expectedVersion !== undefined && expectedVersion !== version)
      throw new GreenroomError(
        'version_conflict',
        `the ${this.kind} ${name} is at version ${version}, not ${expectedVersion}`,
      );
    if (before === undefined) await this.#mustHaveRoom(work);
    return this.store(work, before ?? { key, version: 0, dueMs: undefined }, now(before));
  }

  /** Throws `version_conflict` where it has changed since it was read. */
  async store(
    ground: Ground,
    { key, version, dueMs: wasDueMs }: Pick<Definition, 'key' | 'version' | 'dueMs'>,
    now: { readonly record: R; readonly dueMs?: number | undefined },
  ): Promise<KnownDefinition<R>> {
    const record = plain(now.record);
    await journalOf(ground).define({
      ...{ kind: 'define', key, expectedVersion: version, wasDueMs },
      now: { record, dueMs: now.dueMs },
    });
    return { key, version: version + 1, dueMs: now.dueMs, record: record as R };
  }

  /**
   * Changes what is stored, tried again where others change it meanwhile: a schedule may fire each second.
   * @param now undefined: it stays as it is.
   */
  async change(
    work: SessionsWork,
    name: string,
    now: (
      found: KnownDefinition<R>,
    ) => { readonly record: R; readonly dueMs?: number | undefined } | undefined,
  ): Promise<KnownDefinition<R>> {
    for (let conflicts = 0; ; conflicts += 1) {
      const found = await this.get(work, name);
      const next = now(found);
      if (next === undefined) return found;
      try {
        return await this.store(work, found, next);
      } catch (error) {
        if (codeOf(error) !== 'version_conflict' || conflicts === MAX_CONFLICTS) throw error;
      }
    }
  }

  async remove(work: SessionsWork, name: string): Promise<z.output<typeof Deleted>> {
    for (let conflicts = 0; ; conflicts += 1) {
      const { key, version, dueMs } = await this.get(work, name);
      try {
        await journalOf(work).define({
          ...{ kind: 'define', key, expectedVersion: version, wasDueMs: dueMs, now: undefined },
        });
        return { deleted: true };
      } catch (error) {
        if (codeOf(error) !== 'version_conflict' || conflicts === MAX_CONFLICTS) throw error;
      }
    }
  }

  async #mustHaveRoom(work: SessionsWork): Promise<void> {
    if ((await this.all(work)).length < MAX_DEFINITIONS) return;
    throw new GreenroomError(
      'too_large',
      `a tenant has at most ${MAX_DEFINITIONS} ${this.kind}s: delete one`,
    );
  }
}

/** As JSON has it, without what is absent. Throws `too_large`. */
const plain = (record: object): Readonly<Record<string, unknown>> => {
  const text = JSON.stringify(record);
  if (Buffer.byteLength(text) > MAX_DEFINITION_BYTES)
    throw new GreenroomError(
      'too_large',
      `a definition takes at most ${MAX_DEFINITION_BYTES} bytes`,
    );
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
};

interface Times {
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** When it was made and changed, if it is changed now. */
export const timesOf = (before: { readonly record: Times } | undefined, nowMs: number): Times => ({
  createdAtMs: before?.record.createdAtMs ?? nowMs,
  updatedAtMs: nowMs,
});

export const nowOf = ({ caller }: Ground): number => caller.system.clock.now();

/** What views begin with, and what else the record says. */
export const viewOf = <R extends Times>({ key, version, record }: KnownDefinition<R>) => {
  const { createdAtMs, updatedAtMs, ...rest } = record;
  return {
    ...{ name: key.name, version, createdAt: iso(createdAtMs), updatedAt: iso(updatedAtMs) },
    ...rest,
  };
};

/** Without the passwords that a session's own servers may have. */
export const shownSettings = (settings: Settings | undefined): { readonly settings?: Settings } => {
  if (settings === undefined) return {};
  const { mcpServers } = settings;
  return {
    settings:
      mcpServers === undefined ? settings : { ...settings, mcpServers: shownServers(mcpServers) },
  };
};
