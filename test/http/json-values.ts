/** Values that a JSON Schema takes, and now and then one that it does not. */
import fc from 'fast-check';

export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly $ref?: string;
}

type Schemas = Readonly<Record<string, JsonSchema>>;

/** Whatever JSON. */
export const anyOf = (): fc.Arbitrary<unknown> => fc.jsonValue({ maxDepth: 2 });

const MOST_DEPTH = 4;

/** One in twenty values is of no kind that the schema has. */
export const valuesOf = (schema: JsonSchema, schemas: Schemas, depth = 0): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 19, arbitrary: fitting(schema, schemas, depth) },
    { weight: 1, arbitrary: anyOf() },
  );

const fitting = (schema: JsonSchema, schemas: Schemas, depth: number): fc.Arbitrary<unknown> => {
  const { $ref, enum: words, anyOf: some = schema.oneOf, allOf } = schema;
  if ($ref !== undefined)
    return fitting(schemas[$ref.split('/').at(-1) ?? ''] ?? {}, schemas, depth);
  if (words !== undefined) return fc.constantFrom(...words);
  if ('const' in schema) return fc.constant(schema.const);
  if (some !== undefined) return fc.oneof(...some.map((each) => fitting(each, schemas, depth)));
  const [first] = allOf ?? [];
  if (first !== undefined) return fitting(first, schemas, depth);
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length === 0) return anyOf();
  return fc.oneof(...types.map((type) => ofType(type, schema, schemas, depth)));
};

const ofType = (
  type: string,
  schema: JsonSchema,
  schemas: Schemas,
  depth: number,
): fc.Arbitrary<unknown> => {
  switch (type) {
    case 'string':
      return texts(schema);
    case 'integer':
      return fc.integer({ min: least(schema), max: most(schema) });
    case 'number':
      return fc.double({ min: least(schema), max: most(schema), noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, schemas, depth + 1), {
        ...{ minLength: schema.minItems ?? 0, maxLength: Math.max(3, schema.minItems ?? 0) },
      });
    default:
      return objects(schema, schemas, depth);
  }
};

const least = ({ minimum = -5 }: JsonSchema): number => Math.max(minimum, -1e9);
const most = ({ maximum = 1e6, minimum = 0 }: JsonSchema): number =>
  Math.max(Math.min(maximum, 1e9), minimum);

const MOMENTS = ['2026-11-20T09:00:00.000Z', '2026-11-20', 'yesterday'];

const texts = ({ format, pattern, minLength = 0, maxLength = 40 }: JsonSchema) => {
  if (format === 'date-time') return fc.constantFrom(...MOMENTS);
  if (pattern !== undefined) return fc.constantFrom('a', 'b', 'x1', 'A-b_c', 'no such');
  return fc.oneof(
    fc.constantFrom('x', 'ann', 'a', 'review', '2026-11-20'),
    fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, 40)) }),
  );
};

const objects = (
  { properties = {}, required = [] }: JsonSchema,
  schemas: Schemas,
  depth: number,
): fc.Arbitrary<unknown> => {
  const names = Object.keys(properties).filter(
    (name) => required.includes(name) || depth < MOST_DEPTH,
  );
  // Of many optional fields few at a time: else one of them is nearly always wrong.
  const optional = names.filter((name) => !required.includes(name));
  return fc
    .subarray(optional, { maxLength: Math.min(3, optional.length) })
    .chain((chosen) =>
      fc.record(
        Object.fromEntries(
          [...required, ...chosen].map((name) => [
            name,
            valuesOf(properties[name] ?? {}, schemas, depth + 1),
          ]),
        ),
      ),
    );
};
