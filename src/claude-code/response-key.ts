/**
 * Which response a line belongs to: its message id and request id. Some endpoints write no request id, and
 * some gateways give every response the same message id; a response is then named by its message id and
 * the `uuid` of its first line.
 *
 * 1. A further line of a response hangs on one of its lines, or on what hangs on these (a tool's result, an
 *    attachment), and was asked with the same prompt: its prompt tokens are the same, or the endpoint had
 *    not counted them when the line before was written.
 * 2. What is kept for that is small and plain: a few responses, a few rows of each.
 */
import { createHash } from 'node:crypto';
import type { LineFacts } from './describe-line.ts';

/** A response without a request id that may go on, and the rows that its next line may hang on. */
export interface OpenResponse {
  readonly messageId: string;
  readonly promptTokens: string;
  /** The `uuid` of its first line, where that was written first. */
  readonly root: string;
  readonly rows: readonly string[];
}

/** Sub-agents' responses stand between each other in old files. */
const MAX_OPEN = 4;
const MAX_ROWS = 32;
/** The prompt tokens of a line that was written before an endpoint had counted: zeros. */
const NOT_COUNTED = '0/0/0';
/** Longer keys stand as their hash, so that a store keeps every key as it is. */
const MAX_KEY_CHARACTERS = 150;

export interface Followed {
  readonly open: readonly OpenResponse[];
  /** undefined: the line has no response. */
  readonly key: string | undefined;
}

/** The key of the response on a line, and the responses that may go on after it. */
export const follow = (open: readonly OpenResponse[], line: LineFacts): Followed => {
  const { response, uuid } = line;
  if (response !== undefined && (response.hasRequestId || uuid === undefined))
    return { open, key: bounded(response.key) };
  if (response === undefined)
    return { open: uuid === undefined ? open : withRow(open, line, uuid), key: undefined };
  const found = open.findLast((each) => goesOn(each, line));
  const { key: messageId, promptTokens } = response;
  const root = found?.root ?? line.originUuid ?? uuid ?? '';
  const next = { messageId, promptTokens, root, rows: found?.rows ?? [] };
  const others = open.filter((each) => each !== found);
  return {
    open: [...others, { ...next, rows: [...next.rows, uuid ?? ''].slice(-MAX_ROWS) }].slice(
      -MAX_OPEN,
    ),
    key: bounded(`${messageId}:${next.root}`),
  };
};

const goesOn = (open: OpenResponse, { response, parentUuid }: LineFacts): boolean =>
  open.messageId === response?.key &&
  [response.promptTokens, NOT_COUNTED].includes(open.promptTokens) &&
  open.rows.includes(parentUuid ?? '');

/** What hangs on a response may carry its next line, but for what somebody typed: that begins another one. */
const withRow = (
  open: readonly OpenResponse[],
  { parentUuid, isTypedPrompt }: LineFacts,
  uuid: string,
): readonly OpenResponse[] =>
  isTypedPrompt || !open.some(({ rows }) => rows.includes(parentUuid ?? ''))
    ? open
    : open.map((each) =>
        each.rows.includes(parentUuid ?? '')
          ? { ...each, rows: [...each.rows, uuid].slice(-MAX_ROWS) }
          : each,
      );

const bounded = (key: string): string =>
  key.length <= MAX_KEY_CHARACTERS && /^[\x20-\x7e]*$/.test(key)
    ? key
    : `#${createHash('sha256').update(JSON.stringify(key)).digest('base64url')}`;
