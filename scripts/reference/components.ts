/**
 * The schemas of a description, each under a name: JSON Schema keeps what it uses again beside itself, and in one document
 * all of that stands in one place, once.
 */
import { z } from 'zod';
import {
  EntryView,
  FoundSession,
  SessionSummary,
  SessionView,
  TurnView,
} from '../../src/session/verbs/reply-schemas.ts';

export type Json = Readonly<Record<string, unknown>>;

/** What is shown in many replies: named once. */
const NAMED: readonly (readonly [string, z.ZodType])[] = [
  ['Session', SessionView],
  ['SessionSummary', SessionSummary],
  ['FoundSession', FoundSession],
  ['Turn', TurnView],
  ['Entry', EntryView],
];

/** Schemas of the document, each once. */
export class Components {
  readonly #schemas: Record<string, Json> = {};
  readonly #registry = z.registry<{ id: string }>();

  constructor() {
    for (const [id, schema] of NAMED) this.#registry.add(schema, { id });
  }

  get schemas(): Json {
    return Object.fromEntries(
      Object.entries(this.#schemas).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  /** A reference to the schema, which stands under this name from now on. */
  add(name: string, schema: z.ZodType, io: 'input' | 'output'): Json {
    const ref = { $ref: `#/components/schemas/${name}` };
    if (this.#schemas[name] !== undefined) return ref;
    const made = z.toJSONSchema(schema, {
      ...{ io, unrepresentable: 'any', reused: 'ref', metadata: this.#registry },
    });
    const { $schema: _, $defs = {}, ...root } = made;
    const nameOf = (inner: string): string =>
      NAMED.some(([id]) => id === inner) ? inner : `${name}_${inner.replaceAll(/\W|_/g, '')}`;
    const moved = (value: unknown): Json => withRefs(value, name, nameOf) as Json;
    this.#schemas[name] = moved($defs[name] ?? root); // one that has this name anyway stands beside
    for (const [inner, definition] of Object.entries($defs))
      this.#schemas[nameOf(inner)] ??= moved(definition);
    return ref;
  }

  put(name: string, schema: Json): Json {
    this.#schemas[name] = schema;
    return { $ref: `#/components/schemas/${name}` };
  }

  /** What stands under that name. */
  of(name: string): Json {
    return this.#schemas[name] ?? {};
  }
}

/** References within one schema become those of the document. Identifiers of schemas would be another base for them. */
const withRefs = (value: unknown, root: string, nameOf: (inner: string) => string): unknown => {
  if (Array.isArray(value)) return value.map((each) => withRefs(each, root, nameOf));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(
    ([key, of]) => key !== 'id' || typeof of !== 'string',
  );
  return Object.fromEntries(
    fields.map(([key, of]) => {
      if (key !== '$ref' || typeof of !== 'string') return [key, withRefs(of, root, nameOf)];
      const inner = of.startsWith('#/$defs/') ? nameOf(of.slice('#/$defs/'.length)) : root;
      return [key, `#/components/schemas/${inner}`];
    }),
  );
};

/** Parts of schemas that are shorter than this stand where they are used. */
const SHORT = 240;
const PLACE = '#/components/schemas/';

/** The same document, with fewer schemas: short parts in their places, equal ones once, and none that nothing refers to. */
export const compacted = <T extends { readonly components: { readonly schemas: Json } }>(
  document: T,
): T => {
  let now = document;
  for (let before = -1; before !== Object.keys(now.components.schemas).length; ) {
    before = Object.keys(now.components.schemas).length;
    const instead = replacements(now.components.schemas);
    const { components, ...rest } = replaced(now, instead) as typeof now;
    const schemas = Object.fromEntries(
      Object.entries(components.schemas).filter(([name]) => !instead.has(name)),
    );
    now = { ...rest, components: { ...components, schemas } } as unknown as T;
  }
  return now;
};

/** What stands for a part: the part itself, or a reference to one that is equal. */
const replacements = (schemas: Json): ReadonlyMap<string, Json> => {
  const instead = new Map<string, Json>();
  const first = new Map<string, string>();
  for (const [name, schema] of Object.entries(schemas)) {
    if (!name.includes('_')) continue; // it has a name of its own
    const text = JSON.stringify(schema);
    const equal = first.get(text);
    if (text.length < SHORT && !text.includes(PLACE)) instead.set(name, schema as Json);
    else if (equal === undefined) first.set(text, name);
    else instead.set(name, { $ref: `${PLACE}${equal}` });
  }
  return instead;
};

const replaced = (value: unknown, instead: ReadonlyMap<string, Json>): unknown => {
  if (Array.isArray(value)) return value.map((each) => replaced(each, instead));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref, ...beside } = value as { readonly $ref?: unknown };
  const found = typeof $ref === 'string' ? instead.get($ref.slice(PLACE.length)) : undefined;
  if (found !== undefined) return { ...found, ...beside };
  return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, replaced(of, instead)]));
};
