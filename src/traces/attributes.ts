/** What spans say: OpenTelemetry's conventions for generative AI (1.41), and our own names below `greenroom.`. Pure. */
import type { Attributes } from '@opentelemetry/api';
import type { TelemetryFields } from '../model/telemetry.ts';

type Turn = Pick<TelemetryFields<'greenroom.turn.accepted'>, 'tenant' | 'sessionId' | 'turnId'>;

interface Tokens {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly cacheReadTokens?: number | undefined;
  readonly cacheWriteTokens?: number | undefined;
}

export const INVOKE_AGENT = 'invoke_agent';
export const CHAT = 'chat';
export const EXECUTE_TOOL = 'execute_tool';

export const aboutTurn = (
  { tenant, sessionId, turnId }: Turn,
  traceId: string | undefined,
  agentType: string | undefined,
): Attributes => ({
  'gen_ai.operation.name': INVOKE_AGENT,
  'gen_ai.conversation.id': sessionId,
  ...(agentType === undefined ? {} : { 'gen_ai.agent.name': agentType }),
  'greenroom.tenant': tenant,
  'greenroom.turn.id': turnId,
  ...(traceId === undefined ? {} : { 'greenroom.trace_id': traceId }),
});

export const aboutModel = ({
  model,
  provider,
}: Pick<TelemetryFields<'greenroom.step.start'>, 'model' | 'provider'>): Attributes => ({
  'gen_ai.provider.name': provider,
  'gen_ai.request.model': model,
});

export const aboutStep = (step: TelemetryFields<'greenroom.step.start'>): Attributes => ({
  'gen_ai.operation.name': CHAT,
  ...aboutModel(step),
  'gen_ai.conversation.id': step.sessionId,
  'greenroom.step': step.step,
});

export const aboutAnswer = (step: TelemetryFields<'greenroom.step.stop'>): Attributes => ({
  ...tokens(step),
  ...(step.stopReason === undefined
    ? {}
    : { 'gen_ai.response.finish_reasons': [finishReason(step.stopReason)] }),
  ...(step.responseId === undefined ? {} : { 'gen_ai.response.id': step.responseId }),
  ...(step.responseModel === undefined ? {} : { 'gen_ai.response.model': step.responseModel }),
  'greenroom.outcome': step.outcome,
});

export const aboutTool = ({
  tool,
  toolUseId,
  sessionId,
}: TelemetryFields<'greenroom.tool.start'>): Attributes => ({
  'gen_ai.operation.name': EXECUTE_TOOL,
  'gen_ai.tool.name': tool,
  'gen_ai.tool.call.id': toolUseId,
  'gen_ai.tool.type': 'function',
  'gen_ai.conversation.id': sessionId,
});

export const aboutEnd = (turn: TelemetryFields<'greenroom.turn.stop'>): Attributes => ({
  ...tokens(turn),
  ...(turn.costUsd === null ? {} : { 'greenroom.cost_usd': turn.costUsd }),
  'greenroom.outcome': turn.status,
  'greenroom.attempt': turn.attempt,
});

/** The conventions count cached tokens as input; the API of Claude does not. */
const tokens = ({ inputTokens, outputTokens, ...cache }: Tokens): Attributes => {
  if (inputTokens === undefined || outputTokens === undefined) return {};
  const { cacheReadTokens: read = 0, cacheWriteTokens: written = 0 } = cache;
  return {
    'gen_ai.usage.input_tokens': inputTokens + read + written,
    'gen_ai.usage.output_tokens': outputTokens,
    'gen_ai.usage.cache_read.input_tokens': read,
    'gen_ai.usage.cache_creation.input_tokens': written,
  };
};

/** The conventions' words; one that they lack stays as it is. */
export const finishReason = (stopReason: string): string =>
  FINISH_REASONS[stopReason] ?? stopReason;

const FINISH_REASONS: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_call',
  refusal: 'content_filter',
};
