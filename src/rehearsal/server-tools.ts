/** Tools that the API runs itself, as far as their blocks go. */
import type { AnswerBlock } from './answer.ts';
import { objectsOf } from './request-json.ts';

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
