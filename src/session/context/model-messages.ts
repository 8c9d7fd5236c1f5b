/**
 * The effective history: from a session's entries to the messages that the model is to see. The one
 * road to the model, a pure function, linear in the entries.
 *
 * 1. Imported lines come first and are put into the API's form. Native messages follow, as bytes and
 *    untouched; `messageForModel` names the exceptions.
 * 2. Turns stand in the order of their acceptance: a queued turn's prompt has a lower `seq` than the
 *    answers of the turn before it, so what belongs to one turn stands together where it began.
 * 3. Partial messages are never seen. A rollback takes out its turn; a compaction's summary stands
 *    for everything up to and including the entry that it names, a clearing's notes for results of tools, and one that says where it goes on
 *    needs nothing before that to be read; a repair answers tool uses that nobody will answer.
 * 4. A fork's own turns are others than its parent's, also where their ids are the same.
 */
import { type ApiBlock, isThinking, isToolUse, toolResult } from '../../claude-code/api-blocks.ts';
import {
  type ApiMessage,
  conversation,
  type KeepsThinking,
  LOST_BEGINNING,
} from '../../claude-code/conversation.ts';
import { plainModelName } from '../../pricing/price.ts';
import { withoutOldResults } from './cleared.ts';
import { decodeMessage, encodeMessage, messageForModel, textBlock } from './model-message.ts';

/** What `modelMessages` reads of a message entry. */
export interface SeenMessage {
  readonly kind: 'message';
  readonly seq: number;
  readonly role: 'user' | 'assistant';
  readonly body: Uint8Array;
  readonly turnId?: string | undefined;
  readonly isPartial?: boolean | undefined;
  readonly model?: string | undefined;
}

export interface SeenImport {
  readonly kind: 'imported';
  readonly seq: number;
  readonly body: Uint8Array;
}

export type SeenView =
  | {
      readonly type: 'compaction';
      readonly throughSeq: number;
      readonly summary: string;
      readonly fromSeq?: number;
      readonly keptSeqs?: readonly number[];
      readonly turnId?: string;
      readonly isServers?: true;
    }
  | {
      readonly type: 'rollback';
      readonly fromSeq: number;
      readonly throughSeq: number;
      readonly turnId: string;
    }
  | { readonly type: 'clearing'; readonly throughSeq: number }
  | { readonly type: 'repair'; readonly afterSeq: number; readonly toolUseIds: readonly string[] };

export type SeenEntry =
  | SeenMessage
  | SeenImport
  | { readonly kind: 'view'; readonly seq: number; readonly view: SeenView };

export interface ModelMessagesOptions {
  /** Leave out what was accepted after this turn. */
  readonly throughTurnId?: string;
  /** The model that is asked: thinking that another model signed is left out. Default: all is kept. */
  readonly model?: string;
  /** Last `seq` that a fork shares with its parent; default 0. */
  readonly inheritedThrough?: number;
}

export interface ModelMessages {
  /** JSON of each message, in order; ready to be followed by a user message. */
  readonly messages: readonly Uint8Array[];
}

/**
 * @param all entries of one transcript, in order of `seq`; those before a compaction's `fromSeq` may be left out, but for
 *   those that it keeps.
 */
export const modelMessages = (
  all: readonly SeenEntry[],
  options: ModelMessagesOptions = {},
): ModelMessages => {
  const views = all.flatMap((entry) => (entry.kind === 'view' ? [entry.view] : []));
  const compaction = compactionIn(all, views);
  const entries = compaction === undefined ? all : behind(compaction, all);
  const isServers = compaction?.isServers === true;
  const keepsThinking = thinkingOf(options.model);
  const turns = inTurnOrder(clearedIn(visibleMessages(entries, views), views), options);
  const before = [
    ...(compaction === undefined || isServers ? [] : [summaryMessage(compaction.summary)]),
    ...conversation(importedAfter(entries, compaction?.throughSeq ?? 0), keepsThinking),
  ].map(encodeMessage);
  const native = nativeMessages(
    afterCompaction(turns, compaction),
    repairsOf(views),
    keepsThinking,
  );
  const isHeadless = before.length === 0 && native[0]?.role === 'assistant' && !isServers;
  return {
    messages: [
      ...(isHeadless ? [encodeMessage(userMessage([textBlock(LOST_BEGINNING)]))] : before),
      ...native.map((message) => message.body),
    ],
  };
};

interface NativeMessage {
  readonly role: 'user' | 'assistant';
  readonly body: Uint8Array;
}

type SeenCompaction = Extract<SeenView, { type: 'compaction' }>;

/** The one in force: the last that did not go with a rollback of the turn that it reaches into. */
const compactionIn = (
  all: readonly SeenEntry[],
  views: readonly SeenView[],
): SeenCompaction | undefined => {
  for (let at = all.length - 1; at >= 0; at -= 1) {
    const entry = all[at];
    if (entry?.kind !== 'view' || entry.view.type !== 'compaction') continue;
    const { seq, view } = entry;
    const isUndone = views.some(
      (each) =>
        each.type === 'rollback' &&
        each.turnId === view.turnId &&
        each.fromSeq <= seq &&
        seq <= each.throughSeq,
    );
    if (!isUndone) return view;
  }
  return undefined;
};

const behind = (
  { fromSeq, keptSeqs = [] }: SeenCompaction,
  all: readonly SeenEntry[],
): readonly SeenEntry[] =>
  fromSeq === undefined ? all : all.filter(({ seq }) => seq >= fromSeq || keptSeqs.includes(seq));

const thinkingOf = (model: string | undefined): KeepsThinking => {
  if (model === undefined) return () => true;
  const asked = plainModelName(model);
  return (signer) => signer === undefined || plainModelName(signer) === asked;
};

const importedAfter = (entries: readonly SeenEntry[], seq: number): readonly Uint8Array[] =>
  entries.flatMap((entry) => (entry.kind === 'imported' && entry.seq > seq ? [entry.body] : []));

const visibleMessages = (
  entries: readonly SeenEntry[],
  views: readonly SeenView[],
): readonly SeenMessage[] => {
  const rollbacks = views.flatMap((view) => (view.type === 'rollback' ? [view] : []));
  const byTurn = grouped(rollbacks, (rollback) => rollback.turnId);
  return entries.flatMap((entry) => {
    if (entry.kind !== 'message' || entry.isPartial === true) return [];
    const taken = entry.turnId === undefined ? [] : (byTurn.get(entry.turnId) ?? []);
    const isTaken = taken.some((r) => r.fromSeq <= entry.seq && entry.seq <= r.throughSeq);
    return isTaken ? [] : [entry];
  });
};

/** With notes in the place of results that were cleared. */
const clearedIn = (
  messages: readonly SeenMessage[],
  views: readonly SeenView[],
): readonly SeenMessage[] => {
  const through = views.reduce(
    (last, view) => (view.type === 'clearing' ? Math.max(last, view.throughSeq) : last),
    0,
  );
  if (through === 0) return messages;
  return messages.map((message) =>
    message.role === 'user' && message.seq <= through
      ? { ...message, body: withoutOldResults(message.body) }
      : message,
  );
};

/** Each turn's messages together, where its first one stands; a message of no turn stands alone. */
const inTurnOrder = (
  messages: readonly SeenMessage[],
  { throughTurnId, inheritedThrough = 0 }: ModelMessagesOptions,
): readonly SeenMessage[] => {
  const turns = grouped(messages, ({ turnId, seq }) => {
    if (turnId === undefined) return seq;
    return seq <= inheritedThrough ? `/${turnId}` : turnId;
  });
  const inOrder = [...turns.entries()];
  const last = inOrder.findIndex(([turnId]) => turnId === throughTurnId);
  return (last === -1 ? inOrder : inOrder.slice(0, last + 1)).flatMap(([, turn]) => turn);
};

/**
 * What comes after the compacted entry in the model's order, so that a prompt that waited while its
 * turn was compacted is not lost with it. Results whose uses are gone go too.
 */
const afterCompaction = (
  messages: readonly SeenMessage[],
  compaction: SeenCompaction | undefined,
): readonly SeenMessage[] => {
  if (compaction === undefined) return messages;
  const { throughSeq, fromSeq } = compaction;
  // One that says where it goes on has left out all that is before that.
  const lastSeq = messages.reduce(
    (best, { seq }) => (fromSeq === undefined && seq <= throughSeq ? Math.max(best, seq) : best),
    0,
  );
  const [first, ...rest] = messages.slice(messages.findIndex(({ seq }) => seq === lastSeq) + 1);
  if (first === undefined) return [];
  const body = first.role === 'user' ? withoutResults(first.body) : first.body;
  return body === undefined ? rest : [{ ...first, body }, ...rest];
};

const repairsOf = (views: readonly SeenView[]): ReadonlyMap<number, readonly string[]> => {
  const repairs = new Map<number, readonly string[]>();
  for (const view of views)
    if (view.type === 'repair')
      repairs.set(view.afterSeq, [
        ...new Set([...(repairs.get(view.afterSeq) ?? []), ...view.toolUseIds]),
      ]);
  return repairs;
};

const nativeMessages = (
  messages: readonly SeenMessage[],
  repairs: ReadonlyMap<number, readonly string[]>,
  keepsThinking: KeepsThinking,
): readonly NativeMessage[] => {
  const seen: NativeMessage[] = [];
  let owed: readonly string[] = [];
  for (const [at, message] of messages.entries()) {
    const answers = message.role === 'user' && owed.length > 0 && hasResults(message.body);
    if (owed.length > 0 && !answers) seen.push(answerOwed(owed));
    const told = withoutLostUses(message, messages[at + 1]);
    const body = answers ? withOwed(told.body, owed) : bodyFor(told, keepsThinking);
    if (body !== undefined) seen.push({ role: message.role, body });
    owed = [...new Set([...(repairs.get(message.seq) ?? []), ...usesOf(message)])];
  }
  return owed.length > 0 ? [...seen, answerOwed(owed)] : seen;
};

/** The tools that a message asks for: should nothing answer them, the model is told that they were interrupted. */
const usesOf = ({ role, body }: SeenMessage): readonly string[] =>
  role === 'assistant' && bytesOf(body).includes('"tool_use"')
    ? decodeMessage(body).content.flatMap((block) => (isToolUse(block) ? [block.id] : []))
    : [];

/**
 * Without uses of tools that the API runs itself and whose results never came, as of an answer that was cut off: it takes none
 * back. The last message keeps them, as the API may be asked to go on with it, and so does one that the next one goes on with.
 */
const withoutLostUses = (message: SeenMessage, next: SeenMessage | undefined): SeenMessage => {
  const { role, body } = message;
  if (role !== 'assistant' || next === undefined || !hasServerUse(body)) return message;
  const whole = decodeMessage(body);
  const following = next.role === 'assistant' ? decodeMessage(next.body).content : [];
  const answered = new Set(
    [...whole.content, ...following].map(
      (block: ApiBlock & { readonly tool_use_id?: unknown }) => block.tool_use_id,
    ),
  );
  const content = whole.content.filter(
    (block: ApiBlock & { readonly id?: unknown }) =>
      !SERVER_USES.has(block.type) || answered.has(block.id),
  );
  if (content.length === whole.content.length) return message;
  return { ...message, body: encodeMessage({ ...whole, content }) };
};

const SERVER_USES: ReadonlySet<string> = new Set(['server_tool_use', 'mcp_tool_use']);

const hasServerUse = (body: Uint8Array): boolean =>
  [...SERVER_USES].some((type) => bytesOf(body).includes(`"${type}"`));

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

const bodyFor = (message: SeenMessage, keepsThinking: KeepsThinking): Uint8Array | undefined => {
  const isKept = message.role === 'user' || keepsThinking(message.model);
  return messageForModel(isKept ? message.body : withoutThinking(message.body));
};

const withoutThinking = (body: Uint8Array): Uint8Array => {
  const message = decodeMessage(body);
  const content = message.content.filter((block) => !isThinking(block));
  return content.length === message.content.length ? body : encodeMessage({ ...message, content });
};

const isResult = (block: ApiBlock): boolean => block.type === 'tool_result';

const hasResults = (body: Uint8Array): boolean => decodeMessage(body).content.some(isResult);

const withoutResults = (body: Uint8Array): Uint8Array | undefined => {
  const message = decodeMessage(body);
  const content = message.content.filter((block) => !isResult(block));
  if (content.length === 0) return undefined;
  return content.length === message.content.length ? body : encodeMessage({ ...message, content });
};

const answerOwed = (toolUseIds: readonly string[]): NativeMessage => ({
  role: 'user',
  body: encodeMessage(userMessage(toolUseIds.map((id) => toolResult(id, undefined)))),
});

/** Some tools of a message answered, others not: one message answers them all, results first. */
const withOwed = (body: Uint8Array, toolUseIds: readonly string[]): Uint8Array => {
  const message = decodeMessage(body);
  const answered = new Set(
    message.content.map(
      (block: ApiBlock & { readonly tool_use_id?: unknown }) => block.tool_use_id,
    ),
  );
  const missing = toolUseIds.filter((id) => !answered.has(id));
  return encodeMessage({
    ...message,
    content: [...missing.map((id) => toolResult(id, undefined)), ...message.content],
  });
};

const summaryMessage = (summary: string): ApiMessage => userMessage([textBlock(summary)]);

const userMessage = (content: readonly ApiBlock[]): ApiMessage => ({ role: 'user', content });

/** In order of each key's first item; Node 20 has no `Map.groupBy` yet. */
const grouped = <Key, Item>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): ReadonlyMap<Key, readonly Item[]> => {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
};
