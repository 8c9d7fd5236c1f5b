/**
 * A transcript line as JSON gives it: every field may be missing or of any type. Files of 72
 * versions of Claude Code, of other programs and of people's fixtures come through here, so nothing
 * is believed before it was looked at; the readers below look.
 */

export interface RawLine {
  readonly type?: unknown;
  readonly subtype?: unknown;
  readonly uuid?: unknown;
  readonly parentUuid?: unknown;
  readonly isSidechain?: unknown;
  readonly agentId?: unknown;
  readonly sessionId?: unknown;
  readonly timestamp?: unknown;
  readonly cwd?: unknown;
  readonly gitBranch?: unknown;
  readonly version?: unknown;
  readonly requestId?: unknown;
  readonly message?: unknown;
  readonly isMeta?: unknown;
  readonly isCompactSummary?: unknown;
  readonly isVisibleInTranscriptOnly?: unknown;
  readonly isApiErrorMessage?: unknown;
  readonly promptSource?: unknown;
  readonly origin?: unknown;
  /** Of records that are no message: what they say. */
  readonly content?: unknown;
  readonly attachment?: unknown;
  readonly compactMetadata?: unknown;
  readonly customTitle?: unknown;
  readonly aiTitle?: unknown;
  readonly summary?: unknown;
  readonly tag?: unknown;
  readonly leafUuid?: unknown;
  readonly continuedInSessionId?: unknown;
  readonly forkedFrom?: unknown;
}

/** The `message` of a user or assistant line. */
export interface RawMessage {
  readonly id?: unknown;
  readonly model?: unknown;
  readonly role?: unknown;
  readonly content?: unknown;
  readonly usage?: unknown;
}

/** One element of a message's `content`. */
export interface RawBlock {
  readonly type?: unknown;
  readonly text?: unknown;
  readonly thinking?: unknown;
  readonly signature?: unknown;
  readonly id?: unknown;
  readonly name?: unknown;
  readonly input?: unknown;
  readonly tool_use_id?: unknown;
  readonly content?: unknown;
  readonly is_error?: unknown;
  readonly tool_name?: unknown;
  readonly caller?: unknown;
}

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A string with something in it, else undefined. */
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** The message; fixtures also put its content straight into `message`. */
export const messageOf = (line: RawLine): RawMessage => {
  if (isObject(line.message)) return line.message;
  return typeof line.message === 'string' || Array.isArray(line.message)
    ? { content: line.message }
    : {};
};

/** The content as blocks: a string, and strings among blocks, stand for text blocks. */
export const blocksOf = (content: unknown): readonly RawBlock[] => {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) return [];
  return content.flatMap((block: unknown): RawBlock[] => {
    if (typeof block === 'string') return [{ type: 'text', text: block }];
    return isObject(block) ? [block] : [];
  });
};
