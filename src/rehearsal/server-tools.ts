/** Tools that the API runs itself: what a request may say of them, and their blocks. */
import type { AnswerBlock } from './answer.ts';
import { type Json, objectsOf } from './request-json.ts';

const EVERY = ['type', 'name', 'cache_control', 'defer_loading', 'strict', 'allowed_callers'];
const WEB = [...EVERY, 'max_uses', 'allowed_domains', 'blocked_domains'];
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  web_search_20250305: [...WEB, 'user_location'],
  web_search_20260209: [...WEB, 'user_location'],
  web_search_20260318: [...WEB, 'user_location', 'response_inclusion'],
  web_fetch_20250910: [...WEB, 'max_content_tokens', 'citations', 'url_sources'],
  web_fetch_20260209: [...WEB, 'max_content_tokens', 'citations', 'url_sources'],
  web_fetch_20260309: [...WEB, 'max_content_tokens', 'citations', 'url_sources', 'use_cache'],
  web_fetch_20260318: [
    ...[...WEB, 'max_content_tokens', 'citations', 'url_sources', 'use_cache'],
    'response_inclusion',
  ],
  code_execution_20250522: EVERY,
  code_execution_20250825: EVERY,
  code_execution_20260120: EVERY,
  code_execution_20260521: EVERY,
};

/** What follows the path of one that the API refuses, in its words; undefined: it takes it. */
export const faultOfServerTool = (tool: Json): string | undefined => {
  const { type, name, allowed_domains: allowed, blocked_domains: blocked } = tool;
  const options = OPTIONS[String(type)];
  if (options === undefined) return undefined; // of a date that is not known here, or another tool
  const own = String(type).replace(/_\d{8}$/, '');
  if (name !== own) return `.name: Input should be '${own}'`;
  const extra = Object.keys(tool).find((option) => !options.includes(option));
  if (extra !== undefined) return `.${extra}: Extra inputs are not permitted`;
  return isGiven(allowed) && isGiven(blocked)
    ? ': Only one of `allowed_domains` or `blocked_domains` may be specified.'
    : undefined;
};

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

/** The type of the block that answers such a tool. */
export const resultTypeOf = (name: string): string =>
  `${name.replace(/_(regex|bm25)$/, '')}${name.startsWith('tool_search_tool') ? '_result' : '_tool_result'}`;

/** The calls beyond what the request allows of each tool have failed, as with the API. */
export const withinUses = (content: readonly AnswerBlock[], tools: unknown): AnswerBlock[] => {
  const left = new Map(
    objectsOf(tools).flatMap(({ name, max_uses: most }) =>
      typeof most === 'number' ? [[name, most] as const] : [],
    ),
  );
  return content.map((block) => {
    if (!isOfApi(block)) return block;
    const uses = left.get(block.name);
    if (uses === undefined) return block;
    left.set(block.name, uses - 1);
    return uses > 0 ? block : { ...block, result: usedUp(block.name) };
  });
};

const usedUp = (name: string) => ({
  ...{ type: `${resultTypeOf(name)}_error`, error_code: 'max_uses_exceeded' },
});

type ServerUse = Extract<AnswerBlock, { type: 'server_tool_use' }>;

const isOfApi = (block: AnswerBlock): block is ServerUse =>
  block.type === 'server_tool_use' && block.server === undefined;

/** Names of those that it ran: what has failed it does not count. */
export const countedUses = (content: readonly AnswerBlock[]): readonly string[] =>
  content.flatMap((block) => (isOfApi(block) && !hasFailed(block) ? [block.name] : []));

const hasFailed = ({ result }: ServerUse): boolean =>
  String(Object(result).type).endsWith('_tool_result_error');

/** At most; as the API. */
const MAX_FOUND = 5;

/** A search for tools, with what it finds: those that are not loaded and have a word of the query, most words first. */
export const searched = (block: AnswerBlock, tools: unknown): AnswerBlock => {
  if (block.type !== 'server_tool_use' || block.result !== undefined) return block;
  if (!block.name.startsWith('tool_search_tool')) return block;
  const words = String(block.input['query'] ?? block.input['pattern'] ?? '')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
  const found = objectsOf(tools)
    .filter(({ defer_loading: isDeferred }) => isDeferred === true)
    .map(({ name, description }) => {
      const text = `${String(name)} ${String(description)}`.toLowerCase();
      return { name: String(name), hits: words.filter((word) => text.includes(word)).length };
    })
    .filter(({ hits }) => hits > 0)
    .toSorted((one, other) => other.hits - one.hits || (one.name < other.name ? -1 : 1))
    .slice(0, MAX_FOUND);
  const references = found.map(({ name }) => ({ type: 'tool_reference', tool_name: name }));
  const result = { type: 'tool_search_tool_search_result', tool_references: references };
  return { ...block, result };
};
