/** The addresses of `/v1` as a Postman collection (format 2.1.0), made from the OpenAPI document. */
type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: {
    readonly content: { readonly 'application/json'?: { readonly example?: unknown } };
  };
}

interface Document {
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

export const postmanCollection = (document: Json): Json => {
  const { info, paths } = document as unknown as Document;
  const folders = new Map<string, Json[]>();
  for (const [path, operations] of Object.entries(paths))
    for (const [method, operation] of Object.entries(operations)) {
      const [tag = 'api'] = operation.tags;
      const items = folders.get(tag) ?? [];
      folders.set(tag, items);
      items.push(itemOf(path, method.toUpperCase(), operation));
    }
  return {
    info: { name: info.title, schema: SCHEMA, version: info.version },
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{token}}', type: 'string' }] },
    variable: [
      { key: 'url', value: 'http://127.0.0.1:4280' },
      { key: 'token', value: '' },
    ],
    item: [...folders].map(([name, item]) => ({ name, item })),
  };
};

const itemOf = (path: string, method: string, operation: Operation): Json => {
  const segments = path
    .slice(1)
    .split('/')
    .map((segment) => segment.replace(/^\{(\w+)\}$/, ':$1'));
  const names = operation.parameters.filter((each) => each.in === 'path');
  const query = operation.parameters.filter((each) => each.in === 'query');
  const example = operation.requestBody?.content['application/json']?.example;
  return {
    name: `${method} ${path}`,
    request: {
      method,
      description: operation.summary,
      ...(example === undefined ? {} : bodyOf(example)),
      url: {
        raw: `{{url}}/${segments.join('/')}`,
        ...{ host: ['{{url}}'], path: segments },
        ...(names.length === 0
          ? {}
          : { variable: names.map(({ name }) => ({ key: name, value: '' })) }),
        ...(query.length === 0
          ? {}
          : { query: query.map(({ name }) => ({ key: name, value: '', disabled: true })) }),
      },
    },
  };
};

const bodyOf = (example: unknown): Json => ({
  header: [{ key: 'Content-Type', value: 'application/json' }],
  body: {
    mode: 'raw',
    raw: JSON.stringify(example, undefined, 2),
    options: { raw: { language: 'json' } },
  },
});
