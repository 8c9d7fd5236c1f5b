/** The Claude API's own types, for those who hand its messages on. */
export type { MessageParam } from '@anthropic-ai/sdk/resources';
export type {
  BetaMessage,
  BetaRawMessageStreamEvent,
  BetaUsage,
} from '@anthropic-ai/sdk/resources/beta/messages/messages.mjs';
