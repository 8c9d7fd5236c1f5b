/**
 * The least value that fits a JSON schema as structured answers take it: objects with their required fields, empty lists,
 * the first of an enumeration. What it does not know it takes for a text. Pure.
 */
interface Schema {
  readonly type?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** Deeper is null: a schema may refer to itself. */
const MAX_DEPTH = 16;
const MAX_ITEMS = 100;

export const fitting = (schema: object): unknown => fittingValue(schema, schema, 0);

const fittingValue = (schema: Schema, root: Schema, depth: number): unknown => {
  if (depth > MAX_DEPTH) return null;
  const inner = (next: Schema): unknown => fittingValue(next, root, depth + 1);
  const { $ref, enum: all, anyOf, type } = schema;
  if ($ref !== undefined) return inner(root.$defs?.[$ref.replace('#/$defs/', '')] ?? {});
  if ('const' in schema) return schema.const;
  if (all !== undefined) return all[0];
  if (anyOf?.[0] !== undefined) return inner(anyOf[0]);
  switch (Array.isArray(type) ? (type as unknown[])[0] : type) {
    case 'object':
      return objectOf(schema, inner);
    case 'array':
      return Array.from({ length: Math.min(schema.minItems ?? 0, MAX_ITEMS) }, () =>
        inner(schema.items ?? {}),
      );
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'null':
      return null;
    default:
      return 'rehearsal';
  }
};

const objectOf = (
  { properties = {}, required = [] }: Schema,
  inner: (schema: Schema) => unknown,
): object => Object.fromEntries(required.map((name) => [name, inner(properties[name] ?? {})]));
