/** The `tool_result` block that a tool's outcome makes. */
import type { ToolOutcome } from '../ports/tools.ts';

/** Tools cut what they say; this is for one that did not. In bytes of JSON. */
const MAX_BYTES = 16 * 1024 * 1024;
const CANCELLED = 'The user cancelled this.';

export const resultBlock = (
  toolUseId: string,
  outcome: ToolOutcome,
): { readonly block: Uint8Array; readonly isError: boolean } => {
  const { content, isError } = saidBy(outcome);
  const block = encoded(toolUseId, content, isError);
  if (block.byteLength <= MAX_BYTES) return { block, isError };
  return { block: encoded(toolUseId, 'The result is too large.', true), isError: true };
};

const saidBy = (outcome: ToolOutcome) => {
  if (outcome.type === 'result') return outcome;
  const { content = '' } = outcome;
  return { content: content === '' ? CANCELLED : `${CANCELLED}\n${content}`, isError: true };
};

type Content = Extract<ToolOutcome, { type: 'result' }>['content'];

/** An error says something: the API refuses an empty one. */
const encoded = (toolUseId: string, content: Content, isError: boolean): Uint8Array => {
  const isEmpty = content.length === 0;
  const said = isEmpty && isError ? 'no output' : content;
  return Buffer.from(
    JSON.stringify({
      type: 'tool_result',
      tool_use_id: toolUseId,
      ...(isEmpty && !isError ? {} : { content: wellFormed(said) }),
      ...(isError ? { is_error: true } : {}),
    }),
  );
};

/** Half of a surrogate pair is no JSON to the API. */
const wellFormed = (content: Content): Content =>
  typeof content === 'string'
    ? whole(content)
    : content.map((block) =>
        block.type === 'text' ? { ...block, text: whole(block.text) } : block,
      );

const HALF = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

const whole = (text: string): string => text.replace(HALF, '\uFFFD');
