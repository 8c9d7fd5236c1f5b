/**
 * The description of `/v1` as OpenAPI 3.1, made from the declarations of routes and verbs: JSON Schema as zod writes it is
 * the dialect of 3.1.
 */
import { VERBS, type VerbKind, verbNamed } from '../../src/gateway/dispatch.ts';
import { NEEDS_OF_OTHERS } from '../../src/http/rest/needs.ts';
import type { OtherRoute, Route, VerbRoute } from '../../src/http/rest/route.ts';
import { ROUTES } from '../../src/http/rest/routes.ts';
import { TurnView } from '../../src/session/verbs/reply-schemas.ts';
import { TurnRequest } from '../../src/session/verbs/turn-request.ts';
import type { Verb } from '../../src/session/verbs/verb.ts';
import { Components, compacted, type Json } from './components.ts';

const PROBLEM: Json = {
  type: 'object',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string' },
    code: { type: 'string', description: 'a code of the table of errors' },
    retryable: { type: 'boolean' },
    retryAfterMs: { type: 'number', minimum: 0 },
    traceId: { type: 'string' },
    details: { type: 'object' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
        required: ['path', 'message'],
        additionalProperties: false,
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'retryable'],
  additionalProperties: false,
};

const pascal = (text: string): string =>
  text.replaceAll(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const KINDS: Readonly<Record<VerbKind, string>> = {
  session: 'Session',
  sessions: 'Sessions',
  daemon: 'Daemon',
};

const nameOfVerb = (kind: VerbKind, verb: string): string => `${KINDS[kind]}${pascal(verb)}`;

const namesIn = (path: string): readonly string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

/** `getSessionsSessionIdTurns`. */
const operationId = ({ method, path }: Route): string =>
  `${method.toLowerCase()}${pascal(path.replace(/^\/v1/, '').replaceAll(/[{}]/g, ''))}`;

const tagOf = ({ path }: Route): string => {
  const [, , noun = 'api'] = path.split('/');
  return path === '/openapi.json' ? 'api' : noun;
};

/** The whole document. @param version of the program. */
export const openApi = (version: string): Json => {
  const components = new Components();
  const problem = components.put('Problem', PROBLEM);
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of ROUTES.routes) {
    const operation = operationOf(route, components, problem);
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation };
  }
  return compacted({
    openapi: '3.1.0',
    info: {
      title: 'Greenroom',
      version,
      description:
        'Claude agent sessions: durable, searchable, reachable. Each verb of the NATS gateway is here too.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // Wherever it is served, with what name and port.
    servers: [
      { url: '/', description: 'the daemon that serves it; by default http://127.0.0.1:4280' },
    ],
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: components.schemas,
      securitySchemes: {
        bearer: {
          ...{ type: 'http', scheme: 'bearer' },
          description: '`greenroom tokens create` makes one',
        },
      },
    },
  });
};

const operationOf = (route: Route, components: Components, problem: Json): Json => {
  const about =
    route.does === 'verb' ? verbOperation(route, components) : otherOperation(route, components);
  const { responses, parameters = [], ...rest } = about;
  return {
    operationId: operationId(route),
    tags: [tagOf(route)],
    ...rest,
    parameters: [...namesIn(route.path).map(pathParameter), ...(parameters as readonly Json[])],
    responses: {
      ...(responses as Json),
      default: {
        description: 'what went wrong',
        content: { 'application/problem+json': { schema: problem } },
      },
    },
  };
};

const pathParameter = (name: string): Json => ({
  ...{ name, in: 'path', required: true },
  schema: { type: 'string', minLength: 1 },
});

const jsonContent = (schema: Json, example?: unknown): Json => ({
  'application/json': { schema, ...(example === undefined ? {} : { example }) },
});

const verbOperation = (route: VerbRoute, components: Components): Json => {
  const { kind, verb, method, path, fixed = {}, listed = {}, status = 200 } = route;
  const known = verbNamed(kind, verb);
  if (known === undefined) throw new Error(`${path} is of no verb`);
  const name = nameOfVerb(kind, verb);
  const reply = components.add(`${name}Reply`, known.reply, 'output');
  const set = new Set([...namesIn(path), ...Object.keys(fixed), ...Object.keys(listed)]);
  const ofQuery = method === 'GET' || method === 'DELETE';
  return {
    summary: known.says.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1'),
    'x-scope': known.needs,
    'x-verb': `${kind}.${verb}`,
    ...(ofQuery
      ? { parameters: queryParameters(known, name, components, set) }
      : { requestBody: bodyOf(known, name, components, set) }),
    responses: {
      [status]: {
        description: 'what was asked for',
        content: jsonContent(reply, known.example.reply),
      },
      ...(route.showsSession === true && method === 'GET'
        ? { 304: { description: 'the session is as `If-None-Match` names it' } }
        : {}),
    },
  };
};

/** The request's fields without those that the address says. */
const fieldsOf = (
  name: string,
  known: Verb<never>,
  components: Components,
  set: ReadonlySet<string>,
): { readonly schema: Json; readonly properties: Json; readonly required: readonly string[] } => {
  components.add(`${name}Request`, known.request, 'input');
  const schema = components.of(`${name}Request`);
  const { properties = {}, required = [] } = schema as {
    properties?: Json;
    required?: readonly string[];
  };
  return {
    schema,
    properties: Object.fromEntries(Object.entries(properties).filter(([each]) => !set.has(each))),
    required: required.filter((each) => !set.has(each)),
  };
};

const queryParameters = (
  known: Verb<never>,
  name: string,
  components: Components,
  set: ReadonlySet<string>,
): readonly Json[] => {
  const { properties, required } = fieldsOf(name, known, components, set);
  return Object.entries(properties).map(([field, schema]) => {
    const { description, ...rest } = schema as { description?: string };
    const isText = isTextual(rest);
    return {
      ...{ name: field, in: 'query', required: required.includes(field) },
      ...(description === undefined ? {} : { description }),
      ...(isText
        ? { schema: rest, style: 'form', explode: false }
        : { content: { 'application/json': { schema: rest } } }),
    };
  });
};

/** What a query can say without JSON. */
const isTextual = (schema: Json): boolean => {
  const text = JSON.stringify(schema);
  return !text.includes('"$ref"') && !text.includes('"object"');
};

const bodyOf = (
  known: Verb<never>,
  name: string,
  components: Components,
  set: ReadonlySet<string>,
): Json => {
  const { schema, properties, required } = fieldsOf(name, known, components, set);
  const isWhole = [...set].every(
    (each) => !Object.hasOwn((schema['properties'] ?? {}) as object, each),
  );
  const example = Object.fromEntries(
    Object.entries(known.example.request).filter(([field]) => !set.has(field)),
  );
  const body = isWhole
    ? { $ref: `#/components/schemas/${name}Request` }
    : { ...schema, properties, required };
  return { required: required.length > 0, content: jsonContent(body, example) };
};

const EVENTS: Json = {
  200: {
    description: 'server-sent events; the `data` of each is one JSON object',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  },
};

const BYTES: Json = {
  description: 'the bytes, as they are stored',
  content: { 'application/octet-stream': {} },
};

const queryText = (name: string, description: string, required = false): Json => ({
  ...{ name, in: 'query', required, description, schema: { type: 'string' } },
});
const headerText = (name: string, description: string): Json => ({
  ...{ name, in: 'header', required: false, description, schema: { type: 'string' } },
});

const AFTER = [
  queryText('after', 'the id of the last event that the reader has; `0`: from the beginning'),
  headerText('Last-Event-ID', 'the same, as browsers say it'),
];

const otherOperation = (route: OtherRoute, components: Components): Json => {
  const scope = { 'x-scope': NEEDS_OF_OTHERS[route.does] };
  switch (route.does) {
    case 'create':
      return { ...scope, ...creation(components) };
    case 'turn':
      return { ...scope, ...turn(components) };
    case 'events':
      return {
        ...{ ...scope, summary: 'Tells the events of a session as they happen.' },
        ...{ parameters: AFTER, responses: EVENTS },
      };
    case 'all-events':
      return {
        ...{ ...scope, summary: 'Tells the events of several sessions.' },
        parameters: [queryText('sessions', 'their ids, with commas', true), ...AFTER],
        responses: EVENTS,
      };
    case 'watch': {
      const verb = VERBS.sessions['watch-open'];
      const name = nameOfVerb('sessions', 'watch-open');
      return {
        ...{ ...scope, summary: 'Tells what meets a search, and what changes in that.' },
        parameters: [...queryParameters(verb, name, components, new Set()), ...AFTER],
        responses: EVENTS,
      };
    }
    case 'download':
      return {
        ...{ ...scope, summary: 'Gives the bytes of an archive, or of a part of it.' },
        parameters: [
          queryText(
            'object',
            '`folder` (the directory, the usual one), `list`, `transcript` or `manifest`',
          ),
          headerText('Range', 'one range of bytes: `bytes=0-99`'),
        ],
        responses: { 200: BYTES, 206: BYTES },
      };
    case 'openapi':
      return {
        ...{ ...scope, summary: 'Describes all this.' },
        responses: {
          200: { description: 'this document', content: jsonContent({ type: 'object' }) },
        },
      };
  }
};

const creation = (components: Components): Json => {
  const verb = VERBS.session.create;
  const reply = components.add('SessionCreateReply', verb.reply, 'output');
  components.add('SessionCreateRequest', verb.request, 'input');
  const schema = components.of('SessionCreateRequest') as { properties?: Json };
  const sessionId = { type: 'string', description: 'default: a new UUID' };
  return {
    ...{ summary: 'Makes a session.', 'x-verb': 'session.create' },
    requestBody: {
      required: true,
      content: jsonContent(
        { ...schema, properties: { sessionId, ...schema.properties } },
        verb.example.request,
      ),
    },
    responses: { 201: { description: 'it is made', content: jsonContent(reply) } },
  };
};

const turn = (components: Components): Json => {
  const request = components.add('TurnRequest', TurnRequest, 'input');
  const view = components.add('Turn', TurnView, 'output');
  const shape = { turn: view, text: { type: 'string', description: 'what it said last' } };
  const reply = components.put('TurnAnswer', {
    ...{ type: 'object', properties: shape, required: ['turn'], additionalProperties: false },
  });
  return {
    summary: 'Sends a message: runs a turn. It goes on, whatever becomes of its asker.',
    parameters: [
      headerText('Prefer', '`wait=30`: answer when it has ended, in so many seconds at most'),
      headerText('Idempotency-Key', 'sent again with the same key it is the same turn'),
    ],
    requestBody: {
      required: true,
      content: {
        ...jsonContent(request, { prompt: 'Hello' }),
        'text/plain': { schema: { type: 'string' }, example: 'Hello' },
      },
    },
    responses: {
      200: {
        description: 'it has ended; or, with `Accept: text/event-stream`, its events',
        content: { ...jsonContent(reply), 'text/event-stream': { schema: { type: 'string' } } },
      },
      202: { description: 'it is accepted', content: jsonContent(reply) },
    },
  };
};
