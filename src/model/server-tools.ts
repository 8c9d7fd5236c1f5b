/**
 * Tools that the API runs itself, as a session names them: by a type alone in `tools`, or in the API's own form, with options. Here
 * is only their form; `src/session/tools/server-tools.ts` says what of them a request has.
 */
import { z } from 'zod';
import { isWellFormed } from './bounds.ts';

/** Of any date: the API has new ones every few months. */
const TYPE = /^(web_search|web_fetch|code_execution)_(\d{8})$/;

/** The newest that the API is known to have. */
export const KNOWN_SERVER_TOOLS = [
  ...(['web_search_20260318', 'web_fetch_20260318', 'code_execution_20260521'] as const),
] as const;

/** What was meant by the API's name without a date or with half of one, or by Claude Code's name for the search. */
export const meantServerTool = (written: string): string | undefined => {
  const plain = written === 'WebSearch' ? 'web_search' : written.replace(/_\d*$/, '').toLowerCase();
  return KNOWN_SERVER_TOOLS.find((type) => serverToolName(type) === plain);
};

export const isServerTool = (type: string): boolean => TYPE.test(type);

/** As the model calls it; undefined: it is no such tool. */
export const serverToolName = (type: string): string | undefined => TYPE.exec(type)?.[1];

/** Of all that a session has, as JSON. */
const MAX_BYTES = 32 * 1024;
const MAX_DOMAINS = 200;

const text = z.string().min(1).max(256).refine(isWellFormed, 'holds half of a surrogate pair');

/** Its host, as a URL has it, and what follows it; undefined: it is none. */
export const domainParts = (
  domain: string,
): { readonly host: string; readonly path: string } | undefined => {
  const [, host = '', path = ''] = /^([^\s/@:?#[\]\\%*]+)(\/[^\s?#\\]*)?$/.exec(domain) ?? [];
  const url = `https://${host}`;
  if (host === '' || !URL.canParse(url)) return undefined;
  const name = new URL(url).hostname.replace(/\.$/, '');
  return name.split('.').includes('') ? undefined : { host: name, path };
};

const Domain = text.refine(
  (domain) => domainParts(domain) !== undefined,
  'is no domain as the API takes it: write example.com or example.com/path, without a scheme, a port or a * in its name',
);
const Domains = z.array(Domain).min(1).max(MAX_DOMAINS);

/** Which of them each takes, and the first version that does. */
const TAKES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  web_search: {
    ...{ max_uses: 0, allowed_domains: 0, blocked_domains: 0, user_location: 0 },
    ...{ allowed_callers: 0, strict: 0, response_inclusion: 20260318 },
  },
  web_fetch: {
    ...{ max_uses: 0, allowed_domains: 0, blocked_domains: 0, max_content_tokens: 0, citations: 0 },
    ...{ allowed_callers: 0, strict: 0, url_sources: 0, use_cache: 20260309 },
    response_inclusion: 20260318,
  },
  code_execution: { allowed_callers: 0, strict: 0 },
};

const faultOf = ({ type, name, ...options }: z.infer<typeof Shape>): string | undefined => {
  const [, own = '', version] = TYPE.exec(type) ?? [];
  if (name !== undefined && name !== own) return `the name of ${type} is ${own}`;
  for (const [option, value] of Object.entries(options)) {
    const since = TAKES[own]?.[option];
    if (value === undefined) continue;
    if (since === undefined) return `${own} has no option ${option}`;
    if (Number(version) < since)
      return `${type} has no option ${option}: versions from ${since} on do`;
  }
  return options.allowed_domains !== undefined && options.blocked_domains !== undefined
    ? 'the API takes allowed_domains or blocked_domains, not both'
    : undefined;
};

const All = z.strictObject({ type: z.literal('all') });
const None = z.strictObject({ type: z.literal('none') });
const Named = z.strictObject({
  type: z.enum(['only', 'except']),
  tools: z.array(z.strictObject({ type: z.literal('tool_reference'), name: text })).max(128),
});
const Results = z.union([All, None, Named]);

const Shape = z.strictObject({
  type: z.string().refine(isServerTool, {
    error: ({ input }) => {
      const meant = meantServerTool(String(input)) ?? KNOWN_SERVER_TOOLS.join(', ');
      return `is none of web_search_…, web_fetch_… and code_execution_… with a date: write ${meant}`;
    },
  }),
  /** As the API has it; it may be left out. */
  name: z.string().optional(),
  /** In one request to the API. */
  max_uses: z.int().min(1).max(1_000).optional(),
  /** With all below them. */
  allowed_domains: Domains.optional(),
  blocked_domains: Domains.optional(),
  user_location: z
    .strictObject({
      type: z.literal('approximate'),
      ...{ city: text.optional(), region: text.optional(), timezone: text.optional() },
      country: z.string().length(2).optional(),
    })
    .optional(),
  citations: z.strictObject({ enabled: z.boolean() }).optional(),
  max_content_tokens: z.int().min(1).max(10_000_000).optional(),
  use_cache: z.boolean().optional(),
  /** Whose URLs may be fetched; the tools that are named must be among those of the request. */
  url_sources: z
    .strictObject({
      client_tool_results: Results.optional(),
      server_tool_results: Results.optional(),
      user_input: z.union([All, None]).optional(),
    })
    .optional(),
  strict: z.boolean().optional(),
  response_inclusion: z.enum(['full', 'excluded']).optional(),
  allowed_callers: z
    .array(z.string().regex(/^(direct|code_execution_\d{8})$/, 'is no caller of the API'))
    .min(1)
    .max(10)
    .optional(),
});

/** In the API's own form, without what Greenroom says itself (where its cache begins, what it loads late). */
export const ServerToolSettings = Shape.superRefine((tool, context) => {
  const message = faultOf(tool);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});
export type ServerToolSettings = Readonly<z.infer<typeof ServerToolSettings>>;

export const SessionServerTools = z
  .array(ServerToolSettings)
  .refine(
    (tools) => new Set(tools.map(({ type }) => serverToolName(type))).size === tools.length,
    'names one tool twice',
  )
  .refine(
    (tools) => Buffer.byteLength(JSON.stringify(tools)) <= MAX_BYTES,
    `has more than ${MAX_BYTES} bytes`,
  );
