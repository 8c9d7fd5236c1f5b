/**
 * What a query says, as the verb's schema takes it: everything in a query is text, so each field is read as the schema has
 * it. What is no number there stays text, and the schema refuses it with its own words.
 */
import { z } from 'zod';
import type { Verb } from '../../session/verbs/verb.ts';

type Reader = (texts: readonly string[]) => unknown;

/** Of a verb's request: what it takes, and how what was given before is read. */
interface Fields {
  readonly shape: Readonly<Record<string, z.ZodType>>;
  readonly readers: Map<string, Reader>;
}

/** How each field of a verb's request is read, found out when it is first given. */
export class QueryValues {
  readonly #verbs = new Map<Verb<never>, Fields>();

  /** Fields that the schema does not have stay text: it says so itself. */
  read(verb: Verb<never>, query: string): Record<string, unknown> {
    if (query === '') return {};
    const params = new URLSearchParams(query);
    const values: Record<string, unknown> = {};
    for (const name of new Set(params.keys())) {
      if (name === '__proto__') continue;
      values[name] = this.#readerOf(verb, name)(params.getAll(name));
    }
    return values;
  }

  #readerOf(verb: Verb<never>, name: string): Reader {
    const fields = this.#verbs.get(verb) ?? { shape: shapeOf(verb), readers: new Map() };
    this.#verbs.set(verb, fields);
    const known = fields.readers.get(name);
    if (known !== undefined) return known;
    const field = fields.shape[name];
    if (field === undefined) return asText;
    const reader = readerFor(schemaOf(field));
    fields.readers.set(name, reader);
    return reader;
  }
}

/** Its own fields alone. */
const shapeOf = ({ request }: Verb<never>): Readonly<Record<string, z.ZodType>> => {
  const { shape } = request as { shape?: Readonly<Record<string, z.ZodType>> };
  return shape === undefined ? {} : Object.assign(Object.create(null), shape);
};

/** Criteria stand in criteria: written out at each place they would be thousands of lines. */
const schemaOf = (field: z.ZodType): JsonSchema => {
  const options = { io: 'input', unrepresentable: 'any', reused: 'ref' } as const;
  const { $defs = {}, ...schema } = z.toJSONSchema(field, options) as JsonSchema;
  return meant(schema, $defs);
};

/** With what it refers to in its place, as deep as it is looked into. */
const meant = (
  schema: JsonSchema,
  defs: NonNullable<JsonSchema['$defs']>,
  depth = 0,
): JsonSchema => {
  const { $ref, ...beside } = schema;
  const whole = $ref === undefined ? beside : { ...defs[$ref.split('/').at(-1) ?? ''], ...beside };
  if (depth === LOOKED_INTO) return whole;
  const inner = (each: JsonSchema) => meant(each, defs, depth + 1);
  return {
    ...whole,
    ...(whole.items === undefined ? {} : { items: inner(whole.items) }),
    ...(whole.anyOf === undefined ? {} : { anyOf: whole.anyOf.map(inner) }),
    ...(whole.allOf === undefined ? {} : { allOf: whole.allOf.map(inner) }),
  };
};

const LOOKED_INTO = 3;

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

const readerFor = (field: JsonSchema): Reader => {
  const types = typesIn(field);
  if (types.has('array')) return asList(types.has('string') && !types.has('object'), field);
  const isNumber = types.has('number') || types.has('integer');
  if (isNumber && !types.has('string')) return asNumber;
  if (types.has('boolean') && types.size === 1) return asBoolean;
  if (types.has('object') || field.$ref !== undefined) return asJson;
  return asText;
};

const typesIn = ({ type, anyOf = [], allOf = [] }: JsonSchema): ReadonlySet<string> =>
  new Set([
    ...(type === undefined ? [] : [type].flat()),
    ...[...anyOf, ...allOf].flatMap((one) => [...typesIn(one)]),
  ]);

const asText: Reader = ([text]) => text;

const asNumber: Reader = ([text = '']) => {
  const number = Number(text);
  return text.trim() === '' || Number.isNaN(number) ? text : number;
};

const asBoolean: Reader = ([text]) => (text === 'true' ? true : text === 'false' ? false : text);

const asJson: Reader = ([text = '']) => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** `tags=a,b`, or `tags=a&tags=b`; a single one may also be meant as one. Lists of objects are JSON. */
const asList =
  (mayBeOne: boolean, { items, anyOf = [] }: JsonSchema): Reader =>
  (texts) => {
    const item = items ?? anyOf.find(({ items }) => items !== undefined)?.items;
    if (item !== undefined && typesIn(item).has('object')) return asJson(texts);
    const all = texts.flatMap((text) => text.split(',')).filter((text) => text !== '');
    return mayBeOne && all.length === 1 ? all[0] : all;
  };
