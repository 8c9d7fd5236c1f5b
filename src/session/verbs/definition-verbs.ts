/**
 * The verbs that templates, tasks and schedules have in common: `<kind>s.put`, `get`, `list`, `delete`. What a kind says,
 * and what keeps it from being made or deleted, is the kind's.
 *
 * Those of one tenant that change something take turns, so that what a definition needs is still there when it is stored.
 */
import { z } from 'zod';
import type { PutKind } from '../../model/definition.ts';
import {
  type Definitions,
  Deleted,
  type KnownDefinition,
  ListRequest,
  Named,
  putShape,
} from './definitions.ts';
import { nextCursor } from './reply-schemas.ts';
import { type SessionsWork, sessionsVerb, type Verb } from './verb.ts';

interface Stored<R> {
  readonly record: R;
  readonly dueMs?: number | undefined;
}

export interface DefinitionShape<
  K extends PutKind,
  R extends object,
  Q extends z.ZodRawShape,
  V extends z.ZodType,
> {
  readonly kind: K;
  readonly stored: Definitions<R>;
  /** What `put` takes besides the name. */
  readonly asked: Q;
  readonly View: V;
  view(known: KnownDefinition<R>): z.output<V>;
  /** What is stored, of what was stored before. Rejects with what is wrong. */
  made(
    work: SessionsWork,
    asked: z.output<z.ZodObject<Q>>,
    name: string,
  ): Promise<(before: KnownDefinition<R> | undefined) => Stored<R>>;
  /** Rejects with `invalid_state` while another one needs it. */
  mayGo(work: SessionsWork, name: string): Promise<void>;
}

type Many<K extends PutKind, V> = {
  [N in `${K}s`]: z.ZodArray<V extends z.ZodType ? V : never>;
} & { nextCursor: typeof nextCursor };
type Strict<S extends z.ZodRawShape> = z.ZodObject<S, z.core.$strict>;
type VerbOf<Q extends z.ZodType, A extends z.ZodType> = Verb<SessionsWork, Q, A>;

type DefinitionVerbs<K extends PutKind, Q extends z.ZodRawShape, V extends z.ZodType> = Readonly<
  Record<`${K}s.put`, VerbOf<Strict<typeof putShape & Q>, Strict<Record<K, V>>>> &
    Record<`${K}s.get`, VerbOf<typeof Named, Strict<Record<K, V>>>> &
    Record<`${K}s.list`, VerbOf<typeof ListRequest, Strict<Many<K, V>>>> &
    Record<`${K}s.delete`, VerbOf<typeof Named, typeof Deleted>>
>;

export const definitionVerbs = <
  K extends PutKind,
  R extends object,
  Q extends z.ZodRawShape,
  V extends z.ZodType,
>(
  shape: DefinitionShape<K, R, Q, V>,
): DefinitionVerbs<K, Q, V> => {
  const { kind, stored, View, view } = shape;
  const reply = z.strictObject({ [kind]: View } as Record<K, V>);
  const one = (known: KnownDefinition<R>) => ({ [kind]: view(known) }) as z.output<typeof reply>;

  const Put = z.strictObject({ ...putShape, ...shape.asked });
  const put = sessionsVerb(`${kind}s.put`, {
    request: Put,
    reply,
    run: (work, request) =>
      changing(work, async () => {
        const { name, expectedVersion, ...asked } = request as z.output<typeof PutShape>;
        const made = await shape.made(work, asked as z.output<z.ZodObject<Q>>, name);
        return one(await stored.put(work, { name, expectedVersion }, made));
      }),
  });

  const get = sessionsVerb(`${kind}s.get`, {
    request: Named,
    reply,
    run: async (work, { name }) => one(await stored.get(work, name)),
  });

  const Listed = z.strictObject({ [`${kind}s`]: z.array(View), nextCursor } as Many<K, V>);
  const list = sessionsVerb(`${kind}s.list`, {
    request: ListRequest,
    reply: Listed,
    run: async (work, page) => {
      const { found, ...next } = await stored.list(work, page);
      return { [`${kind}s`]: found.map(view), ...next } as z.output<typeof Listed>;
    },
  });

  const remove = sessionsVerb(`${kind}s.delete`, {
    request: Named,
    reply: Deleted,
    run: (work, { name }) =>
      changing(work, async () => {
        await shape.mayGo(work, name);
        return stored.remove(work, name);
      }),
  });

  return {
    ...{ [`${kind}s.put`]: put, [`${kind}s.get`]: get },
    ...{ [`${kind}s.list`]: list, [`${kind}s.delete`]: remove },
  } as unknown as DefinitionVerbs<K, Q, V>;
};

const PutShape = z.looseObject(putShape);

const changing = <T>(work: SessionsWork, change: () => Promise<T>): Promise<T> =>
  work.inTurn.run(work.context.tenant, change);
