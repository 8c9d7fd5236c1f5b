/**
 * The classic models: what a session is to those who come from the older SDKs. camelCase in memory; their
 * snake_case form for files and Redis is in `serialization.ts`.
 *
 * Each name is a schema, which fills in the defaults (`SessionMetadata.parse({})`), and the type of what it gives.
 */
import { z } from 'zod';
import { PERMISSION_MODES } from '../model/words.ts';
import { DEFAULT_MODEL } from './default-model.ts';
import { isoNow, Timestamp } from './timestamp.ts';

/** `enabled`, `disabled`, `ask`, and the newer names. The spelling given is stored and given back. */
export const PermissionMode = z.enum(PERMISSION_MODES);
export type PermissionMode = z.output<typeof PermissionMode>;

const CLASSIC_MODES = {
  enabled: 'bypassPermissions',
  disabled: 'dontAsk',
  ask: 'default',
} as const;

export type EffectiveMode = Exclude<PermissionMode, keyof typeof CLASSIC_MODES>;

/** What a mode means, whichever of its names it goes by. */
export const effectiveMode = (mode: PermissionMode): EffectiveMode =>
  mode in CLASSIC_MODES
    ? CLASSIC_MODES[mode as keyof typeof CLASSIC_MODES]
    : (mode as EffectiveMode);

/** Which messages a summary stands in for; the messages themselves stay. */
export const CompactionState = z.object({
  lastCompactionTurn: z.int(),
  summary: z.string(),
  originalMessageIds: z.array(z.string()),
});
export type CompactionState = z.output<typeof CompactionState>;

export { DEFAULT_MODEL };

export const SessionMetadata = z.object({
  model: z.string().default(DEFAULT_MODEL),
  workingDirectory: z.string().default('.'),
  permissionMode: PermissionMode.default('ask'),
  /** Empty: all are allowed. */
  allowedTools: z.array(z.string()).default(() => []),
  disallowedTools: z.array(z.string()).default(() => []),
  totalCostUsd: z.number().min(0).default(0),
  numTurns: z.int().min(0).default(0),
  /** Tokens by the API's own names: `input_tokens`, `output_tokens`, … */
  usage: z.record(z.string(), z.number()).default(() => ({})),
  compactionState: CompactionState.nullable().default(null),
});
export type SessionMetadata = z.output<typeof SessionMetadata>;
/** What a caller may leave out of it. */
export type NewMetadata = z.input<typeof SessionMetadata>;

/** A block of content, kept as it is. */
const Block = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'a block of content is an object',
);

/** Fields that are not ours survive a round trip. */
export const Message = z.looseObject({
  role: z.string().min(1),
  content: z.union([z.string(), z.array(Block)]),
  id: z.string().nullable().default(null),
  timestamp: Timestamp.default(isoNow),
});
export type Message = z.output<typeof Message>;
export type NewMessage = z.input<typeof Message>;

/**
 * A typed message (`system`, `result`, `assistant`, …) as `saveSession` takes it: without a role, kept
 * verbatim and counted, never shown to the model.
 */
export interface TypedMessage {
  readonly type: string;
  readonly role?: undefined;
  readonly content?: undefined;
  readonly [field: string]: unknown;
}

export type StoredMessage = Message | TypedMessage;

export const isTyped = (message: StoredMessage): message is TypedMessage =>
  message.role === undefined;

/** Whether data of unknown origin is a typed message. */
export const isTypedData = (value: unknown): value is TypedMessage =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  typeof value.type === 'string' &&
  !('role' in value);

export const StoredMessage = z.union([
  z.custom<TypedMessage>(isTypedData, 'a message has a role, or a type'),
  Message,
]);

export const SessionState = z.object({
  sessionId: z.string(),
  messages: z.array(StoredMessage),
  metadata: SessionMetadata,
  createdAt: Timestamp,
  updatedAt: Timestamp,
  /** As `saveSession` was given them. */
  tags: z.array(z.string()).optional(),
  description: z.string().nullable().optional(),
  /** Grows with each change; only in memory, and only of stores that compare versions. */
  version: z.int().min(0).optional(),
});
export type SessionState = z.output<typeof SessionState>;
