/** What `openapi.json` says, as its reader shows it: operations in groups, found by words. Pure. */

/** As much of a JSON schema as is shown. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

type Contents = Readonly<Record<string, { readonly schema?: Schema; readonly example?: unknown }>>;

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
  readonly content?: Contents;
}

interface Described {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly 'x-scope'?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: Contents };
  readonly responses?: Readonly<
    Record<string, { readonly description?: string; readonly content?: Contents }>
  >;
}

export interface Document {
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description?: string;
  };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

export interface Operation extends Described {
  readonly id: string;
  readonly method: string;
  readonly path: string;
}

export interface Group {
  readonly name: string;
  readonly operations: readonly Operation[];
}

export const operationsOf = ({ paths }: Document): readonly Operation[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, said]) => ({
      ...said,
      ...{ id: said.operationId ?? `${method} ${path}`, method: method.toUpperCase(), path },
    })),
  );

/** By the noun that they are about, in the order of the document; each has all words somewhere. */
export const groupsOf = (operations: readonly Operation[], words: string): readonly Group[] => {
  const wanted = words.toLowerCase().split(/\s+/);
  const groups = new Map<string, Operation[]>();
  for (const operation of operations) {
    const text = `${operation.method} ${operation.path} ${operation.summary ?? ''}`.toLowerCase();
    if (!wanted.every((word) => text.includes(word))) continue;
    const name = nounOf(operation.path);
    groups.set(name, [...(groups.get(name) ?? []), operation]);
  }
  return [...groups].map(([name, found]) => ({ name, operations: found }));
};

/** `/v1/templates.put` is about templates. */
const nounOf = (path: string): string => {
  const [first = '', second] = path.split('/').filter((part) => part !== '');
  return (second ?? first).split('.', 1)[0] ?? first;
};

/** What a reference leads to; undefined: it leads nowhere here. */
export const referred = ({ components }: Document, reference: string): Schema | undefined =>
  components?.schemas?.[nameOf(reference)];

export const nameOf = (reference: string): string => reference.split('/').at(-1) ?? reference;

/** Names that the generator of the document gave, and that say nothing to anyone. */
const GENERATED = /_schema\d+$/;
/** Such names in each other that are followed: types may hold themselves. */
const STEPS = 3;

/** A value's kind in a few words, without what it is made of. What has no name of its own is looked up. */
export const kindOf = (schema: Schema, document?: Document, steps = STEPS): string => {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    if (!GENERATED.test(name)) return name;
    const target = steps > 0 && document ? referred(document, schema.$ref) : undefined;
    return target === undefined ? 'object' : kindOf(target, document, steps - 1);
  }
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum !== undefined)
    return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined)
    return [...new Set(choices.map((choice) => kindOf(choice, document, steps)))].join(' | ');
  const { type, items, format } = schema;
  if (type === 'array' && items !== undefined) return `list of ${kindOf(items, document, steps)}`;
  const kind = typeof type === 'string' ? type : (type?.join(' | ') ?? 'any value');
  return format === undefined ? kind : `${kind}, ${format}`;
};

/** The largest whole number, which every count has as its limit. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** Limits of a value, as people write them. */
export const limitsOf = (schema: Schema): string => {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, pattern } = schema;
  const above = maximum === undefined || maximum >= UNLIMITED ? undefined : maximum;
  return [
    range(minimum, above, ''),
    range(minLength, maxLength, ' characters'),
    range(minItems, maxItems, ' entries'),
    pattern === undefined ? '' : `as ${pattern}`,
    schema.default === undefined ? '' : `default ${JSON.stringify(schema.default)}`,
  ]
    .filter((text) => text !== '')
    .join('; ');
};

const range = (least: number | undefined, most: number | undefined, of: string): string => {
  if (least === undefined && most === undefined) return '';
  if (most === undefined) return `at least ${least}${of}`;
  return least === undefined ? `at most ${most}${of}` : `${least} to ${most}${of}`;
};

/** A request at a command line. */
export const asCurl = (operation: Operation, origin: string): string => {
  const { method, path, requestBody } = operation;
  const address = `${origin}${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `$${name.toUpperCase()}`)}`;
  const example = Object.values(requestBody?.content ?? {})[0]?.example;
  const lines = [
    `curl -sX ${method} "${address}"`,
    `-H "Authorization: Bearer $TOKEN"`,
    ...(requestBody === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d '${quoted(JSON.stringify(example ?? {}))}'`]),
  ];
  return lines.join(' \\\n  ');
};

/** Within single quotes of a shell. */
const quoted = (text: string): string => text.replaceAll("'", String.raw`'\''`);
