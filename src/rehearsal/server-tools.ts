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
