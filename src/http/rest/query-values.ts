/**
 * What a query says, as the verb's schema takes it: everything in a query is text, so each field is read as the schema has
 * it. What is no number there stays text, and the schema refuses it with its own words.
 */
import { z } from 'zod';
import type { Verb } from '../../session/verbs/verb.ts';

type Reader = (texts: readonly string[]) => unknown;

/** How each field of a verb's request is read, found out once. */
export class QueryValues {
  readonly #readers = new Map<Verb<never>, ReadonlyMap<string, Reader>>();

  /** Fields that the schema does not have stay text: it says so itself. */
  read(verb: Verb<never>, query: string): Record<string, unknown> {
    if (query === '') return {};
    const readers = this.#readersOf(verb);
    const params = new URLSearchParams(query);
    const values: Record<string, unknown> = {};
    for (const name of new Set(params.keys())) {
      if (name === '__proto__') continue;
      values[name] = (readers.get(name) ?? asText)(params.getAll(name));
    }
    return values;
  }

  #readersOf(verb: Verb<never>): ReadonlyMap<string, Reader> {
    const known = this.#readers.get(verb);
    if (known !== undefined) return known;
    const readers = readersFor(verb.request);
    this.#readers.set(verb, readers);
    return readers;
  }
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly $ref?: string;
}

const readersFor = (request: z.ZodType): ReadonlyMap<string, Reader> => {
  const schema = z.toJSONSchema(request, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return new Map(
    Object.entries(schema.properties ?? {}).map(([name, field]) => [name, readerFor(field)]),
  );
};

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
