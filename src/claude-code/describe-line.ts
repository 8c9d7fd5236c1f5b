/**
 * What one transcript record says, in our words: everything that importing needs to know of a line,
 * taken out once. Unknown kinds of records are facts too: they are kept and counted, never refused.
 */

import { hasPlausibleNumbers, isPlausibleTime } from '../model/plausible.ts';
import { countedUsage, type ModelUsage, type Usage, usageFromApi } from '../model/usage.ts';
import { SYNTHETIC_MODEL } from '../pricing/price.ts';
import { blocksOf, isObject, messageOf, type RawLine, type RawMessage, text } from './raw-line.ts';
import { isTypedPrompt, plainTitle } from './typed-prompt.ts';

export interface TitleFact {
  /** In order of rank: a person's word beats the model's, and that the old summary lines. */
  readonly source: 'custom' | 'ai' | 'summary';
  readonly text: string;
  /** For summaries: the record that it sums up, often in another file. */
  readonly leafUuid: string | undefined;
}

/** The usage on an assistant line. One response is on several lines, each with the usage so far. */
export interface ResponseFact {
  /** Its message id and request id; without a request id only the former: see `response-key.ts`. */
  readonly key: string;
  readonly hasRequestId: boolean;
  /** Its prompt tokens, new, read and written, as one text: the same on all lines of a response. */
  readonly promptTokens: string;
  readonly model: string;
  /** What counts, model by model. */
  readonly parts: readonly ModelUsage[];
  /** The top-level numbers, which leave out advisors and are sometimes zero. */
  readonly reported: Usage;
}

export interface LineFacts {
  /** The record's own type; '' where it has none. */
  readonly type: string;
  readonly uuid: string | undefined;
  /** null: the first of a chain. undefined: the record does not say. */
  readonly parentUuid: string | null | undefined;
  /** Part of the tree of records, as opposed to a side-car, which is written again and again. */
  readonly isChained: boolean;
  readonly isSidechain: boolean;
  readonly agentId: string | undefined;
  readonly sessionId: string | undefined;
  readonly atMs: number | undefined;
  readonly cwd: string | undefined;
  readonly gitBranch: string | undefined;
  readonly version: string | undefined;
  readonly title: TitleFact | undefined;
  /** The session's tag from here on; '' takes it off. */
  readonly tag: string | undefined;
  /** Where the conversation stood when a `last-prompt` was written. */
  readonly promptLeafUuid: string | undefined;
  readonly continuedIn: string | undefined;
  readonly forkedFrom: string | undefined;
  /** The record in that session that this one is a copy of, which may have got a `uuid` of its own. */
  readonly originUuid: string | undefined;
  /** A user or assistant record. */
  readonly isMessage: boolean;
  readonly isTypedPrompt: boolean;
  readonly isCompactBoundary: boolean;
  /** Written by Claude Code in the model's place; costs nothing, and the model never said it. */
  readonly isSynthetic: boolean;
  readonly response: ResponseFact | undefined;
  readonly toolUseCount: number;
  readonly toolsUsed: readonly string[];
  readonly isError: boolean;
  /** A time or a number of tokens that cannot be: it is left out of all of the above. */
  readonly isImplausible: boolean;
}

export const describeLine = (line: RawLine): LineFacts => {
  const type = text(line.type) ?? '';
  const uuid = text(line.uuid);
  const isMessage = type === 'user' || type === 'assistant';
  const message = isMessage ? messageOf(line) : {};
  const blocks = isMessage ? blocksOf(message.content) : [];
  const parentUuid = line.parentUuid === null ? null : text(line.parentUuid);
  return {
    type,
    uuid,
    parentUuid,
    isChained: uuid !== undefined && (isMessage || parentUuid !== undefined),
    isSidechain: line.isSidechain === true,
    agentId: text(line.agentId),
    sessionId: text(line.sessionId),
    atMs: timeOf(line.timestamp),
    cwd: text(line.cwd),
    gitBranch: text(line.gitBranch),
    version: text(line.version),
    title: titleOf(line),
    tag: type === 'tag' ? tagOf(line.tag) : undefined,
    promptLeafUuid: type === 'last-prompt' ? text(line.leafUuid) : undefined,
    continuedIn: type === 'continued-in' ? text(line.continuedInSessionId) : undefined,
    ...originOf(line),
    isMessage,
    isTypedPrompt: isTypedPrompt(line),
    isCompactBoundary: isCompactBoundary(line),
    isSynthetic: isSynthetic(line),
    response: type === 'assistant' && !isSynthetic(line) ? responseOf(line, message) : undefined,
    toolUseCount: blocks.filter((block) => block.type === 'tool_use').length,
    toolsUsed: blocks.flatMap(({ type: kind, name }) =>
      kind === 'tool_use' && typeof name === 'string' ? [name] : [],
    ),
    isError:
      line.isApiErrorMessage === true ||
      (type === 'system' && line.subtype === 'api_error') ||
      blocks.some((block) => block.type === 'tool_result' && block.is_error === true),
    isImplausible: isImplausible(line, message),
  };
};

const isImplausible = ({ timestamp }: RawLine, { usage }: RawMessage): boolean =>
  (typeof timestamp === 'string' &&
    !Number.isNaN(Date.parse(timestamp)) &&
    timeOf(timestamp) === undefined) ||
  !hasPlausibleNumbers(usage);

export const isCompactBoundary = (line: RawLine): boolean =>
  line.type === 'system' && line.subtype === 'compact_boundary';

export const isSynthetic = (line: RawLine): boolean =>
  line.type === 'assistant' &&
  (line.isApiErrorMessage === true || messageOf(line).model === SYNTHETIC_MODEL);

/**
 * Nothing that the model said: an error of the API in the model's place, or a filler. An answer that was
 * interrupted is synthetic too, and the model had begun to give it.
 */
export const isUnsaid = (line: RawLine): boolean => {
  if (line.isApiErrorMessage === true) return line.type === 'assistant';
  if (!isSynthetic(line)) return false;
  const words = blocksOf(messageOf(line).content).map((block) => text(block.text)?.trim() ?? '');
  return words.every(
    (each) =>
      each === 'No response requested.' ||
      each === '' ||
      (line.isApiErrorMessage === undefined && each.startsWith('API Error')),
  );
};

const titleOf = (line: RawLine): TitleFact | undefined => {
  const title = (source: TitleFact['source'], words: unknown): TitleFact | undefined =>
    text(words) === undefined
      ? undefined
      : { source, text: plainTitle(String(words)), leafUuid: text(line.leafUuid) };
  switch (line.type) {
    case 'custom-title':
      return title('custom', line.customTitle);
    case 'ai-title':
      return title('ai', line.aiTitle);
    case 'summary':
      return title('summary', line.summary);
    default:
      return undefined;
  }
};

/** Taking a tag off is written as an empty or a null one. */
const tagOf = (tag: unknown): string => text(tag)?.trim() ?? '';

const originOf = ({ forkedFrom }: RawLine): Pick<LineFacts, 'forkedFrom' | 'originUuid'> => {
  const from: { readonly sessionId?: unknown; readonly messageUuid?: unknown } = isObject(
    forkedFrom,
  )
    ? forkedFrom
    : {};
  return { forkedFrom: text(from.sessionId), originUuid: text(from.messageUuid) };
};

const responseOf = (line: RawLine, message: RawMessage): ResponseFact | undefined => {
  if (!isObject(message.usage)) return undefined;
  const model = text(message.model) ?? 'unknown';
  const reported = usageFromApi(message.usage);
  const { inputTokens, cacheReadInputTokens, cacheCreationInputTokens } = reported;
  return {
    key: responseKey(line, message),
    hasRequestId: text(line.requestId) !== undefined,
    promptTokens: [inputTokens, cacheReadInputTokens, cacheCreationInputTokens].join('/'),
    model,
    parts: countedUsage(message.usage, model),
    reported,
  };
};

/** Some versions and endpoints write no request id; a fixture may even lack the message's. */
const responseKey = (line: RawLine, message: RawMessage): string => {
  const id = text(message.id) ?? text(line.uuid) ?? `at-${text(line.timestamp) ?? ''}`;
  const requestId = text(line.requestId);
  return requestId === undefined ? id : `${id}:${requestId}`;
};

const timeOf = (timestamp: unknown): number | undefined => {
  const atMs = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return isPlausibleTime(atMs) ? atMs : undefined;
};
