/**
 * The API against its own description: an independent validator reads that, and requests that are made of it, right and
 * wrong, are all answered as it says. `GREENROOM_FULL=1` sends 5,000 of them; `GREENROOM_SEED` plays one seed again.
 */
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { documentNamed } from '../docs/readme.ts';
import { preparedGreenroom } from '../support/greenroom.ts';
import { anyOf, type JsonSchema, valuesOf } from './json-values.ts';
import { type Client, clientOf } from './rest.ts';

const IS_FULL = process.env['GREENROOM_FULL'] === '1';
const REQUESTS = IS_FULL ? 5_000 : 250;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema?: JsonSchema;
  readonly content?: { readonly 'application/json': { readonly schema: JsonSchema } };
}
interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>;
  };
  readonly responses: Readonly<Record<string, Described>>;
}

interface Described {
  readonly content?: { readonly 'application/json'?: { readonly schema: JsonSchema } };
}

const DOCUMENT = JSON.parse(documentNamed('docs/openapi.json')) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
};

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(DOCUMENT, 'api');

const compiled = new Map<string, ValidateFunction>();
const validatorOf = (schema: JsonSchema): ValidateFunction => {
  const text = JSON.stringify(schema);
  const { $ref } = schema;
  const known =
    compiled.get(text) ?? ajv.compile($ref === undefined ? schema : { $ref: `api${$ref}` });
  compiled.set(text, known);
  return known;
};

it('the description is one, says an independent validator', async () => {
  const result = await new Validator().validate(structuredClone(DOCUMENT) as never);
  expect(result).toMatchObject({ valid: true });
  const ids = Object.values(DOCUMENT.paths).flatMap((each) =>
    Object.values(each).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

const prepared = preparedGreenroom(
  async (test) => {
    for (const id of ['a', 'b']) await test.run(id, 'Hello', { turnId: 't' });
    await test.sessions.create('c', { tags: ['x'], owner: 'ann' });
  },
  { httpPort: 0, textSearch: 'talk', tools: [] },
);

/** Names that are there, and names that are not. */
const NAMES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  sessionId: fc.constantFrom('a', 'a', 'b', 'c', 'd', 'no id', 'ü'),
  turnId: fc.constantFrom('t', 'u', 'no id'),
};
const nameOf = (name: string): fc.Arbitrary<string> =>
  NAMES[name] ??
  fc.oneof(fc.constantFrom('x', 'review', '..', 'a%2Fb'), fc.string({ minLength: 1 }));

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly template: string;
  readonly body: unknown;
}

const STREAMS = /\/events$|\/watch$/;

const schemas = DOCUMENT.components.schemas;

const requestsOf = (template: string, method: string, operation: Operation): fc.Arbitrary<Sent> => {
  const names = operation.parameters.filter((each) => each.in === 'path');
  const queries = operation.parameters.filter((each) => each.in === 'query');
  const body = operation.requestBody?.content['application/json']?.schema;
  const deletes = template.endsWith('/delete') || (method === 'delete' && names.length === 1);
  return fc
    .record({
      names: fc.record(
        Object.fromEntries(
          names.map(({ name }) => [name, deletes ? fc.constant('d') : nameOf(name)]),
        ),
      ),
      query: fc.record(
        Object.fromEntries(
          queries.map(({ name, schema, content }) => [
            name,
            valuesOf(schema ?? content?.['application/json'].schema ?? {}, schemas),
          ]),
        ),
        { requiredKeys: queries.filter(({ required }) => required).map(({ name }) => name) },
      ),
      body:
        body === undefined
          ? fc.constant(undefined)
          : fc.oneof({ weight: 9, arbitrary: valuesOf(body, schemas) }, anyOf()),
    })
    .map(({ names: given, query, body: value }) => {
      const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(String(given[name as never])),
      );
      const params = new URLSearchParams(
        Object.entries(query).map(([name, of]): [string, string] => [
          name,
          typeof of === 'string' ? of : JSON.stringify(of),
        ]),
      );
      const text = params.size === 0 ? path : `${path}?${params}`;
      return { method: method.toUpperCase(), path: text, template, body: value };
    });
};

const operations = Object.entries(DOCUMENT.paths)
  .filter(([template]) => !STREAMS.test(template) && !template.includes('revoke'))
  .flatMap(([template, each]) =>
    Object.entries(each).map(([method, operation]) => ({ template, method, operation })),
  )
  .filter(({ template, method }) => !(method === 'delete' && template.startsWith('/v1/tokens')))
  // What takes all sessions away would leave nothing to ask about.
  .filter(({ template }) => template !== '/v1/cleanup');

const mustBeAsDescribed = async (client: Client, { method, path, template, body }: Sent) => {
  const short = { 'greenroom-timeout-ms': '2000' };
  const answer = await client.call(method, path, body, short);
  const said = `${method} ${path} ${JSON.stringify(body)} → ${answer.status} ${JSON.stringify(answer.body)}`;
  expect(answer.status, said).toBeLessThan(500);
  const name = method.toLowerCase();
  const { responses = {} } = DOCUMENT.paths[template]?.[name] ?? {};
  const described = responses[String(answer.status)];
  if (described === undefined) expect(answer.status, said).toBeGreaterThanOrEqual(400);
  const schema = described?.content?.['application/json']?.schema;
  const validate = validatorOf(schema ?? { $ref: '#/components/schemas/Problem' });
  expect(validate(answer.body), `${said}\n${JSON.stringify(validate.errors)}`).toBe(true);
};

it('each request is answered as it is described, and none by a fault of ours', {
  timeout: IS_FULL ? 1_200_000 : 120_000,
}, async () => {
  const client = clientOf(prepared());
  const seed = Number(process.env['GREENROOM_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const statuses = new Map<number, number>();
  const counting: Client = {
    ...client,
    call: async (...asked) => {
      const answer = await client.call(...asked);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      return answer;
    },
  };
  const sent = fc
    .constantFrom(...operations)
    .chain(({ template, method, operation }) => requestsOf(template, method, operation));
  await fc.assert(
    fc.asyncProperty(sent, (request) => mustBeAsDescribed(counting, request)),
    { seed, numRuns: REQUESTS, endOnFailure: true },
  );
  // It would prove little if all of them were wrong.
  const good = [...statuses].reduce((sum, [status, times]) => sum + (status < 300 ? times : 0), 0);
  expect(good, `seed ${seed}: ${JSON.stringify([...statuses])}`).toBeGreaterThan(REQUESTS / 10);
  if (IS_FULL) console.info(`seed ${seed}:`, Object.fromEntries(statuses));
});
