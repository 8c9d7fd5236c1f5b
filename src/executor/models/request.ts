/**
 * A step as a request of the API: what the SDK serialises of it, and what goes in as the text that it is. Pure.
 */
import type Anthropic from '@anthropic-ai/sdk';
import type { ApiObject, ModelStep } from '../../session/ports/executor.ts';
import { breakpointsOf, HOUR, type Insertion } from './breakpoints.ts';
import { serversFor } from './connected.ts';
import type { Connector } from './wire.ts';

/** A step as it is run. */
export interface RunStep extends Omit<ModelStep, 'context'> {
  /** JSON of the messages, joined by commas; shared, and not to be read any more once the run is over. */
  readonly messages: Uint8Array;
}

type Params = Anthropic.MessageCreateParamsStreaming;

/** A part of the request's body. Bytes are sent from where they are. */
export type Piece = string | Uint8Array;

export interface Request {
  /** What the SDK serialises. `messages` come first and empty: our `fetch` puts the pieces there. */
  readonly params: Params;
  /** The messages with their brackets, and the fields that are JSON already. */
  readonly pieces: readonly Piece[];
}

/** The request's fields as we write them; the API judges what a step has in them. */
interface Fields {
  readonly messages: readonly [];
  readonly model: string;
  readonly max_tokens: number;
  system?: string | readonly object[];
  tool_choice?: ApiObject;
  thinking?: ApiObject;
  output_config?: ApiObject;
  context_management?: ApiObject;
  mcp_servers?: readonly object[];
  container?: string;
  diagnostics?: { readonly previous_message_id: string | null };
}

/** @param connectors servers that the API may be asked to call. */
export const requestOf = (step: RunStep, connectors?: readonly Connector[]): Request => {
  const { messages, system = '' } = step;
  const tools = toolsOf(step);
  const isKept = step.counts === true ? false : step.cache;
  const breakpoints = breakpointsOf(messages, tools, system, isKept);
  const pieces: Piece[] = ['[', ...withInsertions(messages, breakpoints.messages), ']'];
  if (tools.byteLength > 0) pieces.push(',"tools":', ...withInsertions(tools, breakpoints.tools));
  const asked = { ...paramsOf(step, breakpoints.system, connectors), stream: true };
  return { params: asked as unknown as Params, pieces };
};

type CountParams = Parameters<Anthropic['messages']['countTokens']>[0];

/** What is not said to whoever only counts is refused there. */
export const countParamsOf = (step: RunStep, connectors?: readonly Connector[]): CountParams => {
  const {
    max_tokens: _,
    diagnostics: __,
    context_management: ___,
    container: ____,
    ...fields
  } = paramsOf(step, false, connectors);
  return fields as unknown as CountParams;
};

const toolsOf = ({ tools = '' }: RunStep): Uint8Array => Buffer.from(tools === '[]' ? '' : tools);

const paramsOf = (
  step: RunStep,
  isSystemMarked: boolean,
  connectors: readonly Connector[] | undefined,
): Fields => {
  const { system, previousMessageId } = step;
  const fields: Fields = { messages: [], model: step.model, max_tokens: step.maxTokens };
  if (system !== undefined)
    fields.system = isSystemMarked ? [{ type: 'text', text: system, cache_control: HOUR }] : system;
  if (step.toolChoice !== undefined) fields.tool_choice = step.toolChoice;
  if (step.thinking !== undefined) fields.thinking = step.thinking;
  if (step.outputConfig !== undefined) fields.output_config = step.outputConfig;
  if (step.contextManagement !== undefined) fields.context_management = step.contextManagement;
  const servers = serversFor(step, connectors);
  if (servers !== undefined) fields.mcp_servers = servers;
  if (step.container !== undefined) fields.container = step.container;
  if (previousMessageId !== undefined)
    fields.diagnostics = { previous_message_id: previousMessageId };
  return fields;
};

/** The bytes in slices, with the texts between them. */
const withInsertions = (bytes: Uint8Array, insertions: readonly Insertion[]): Piece[] => {
  const pieces: Piece[] = [];
  let from = 0;
  for (const { at, text } of insertions) {
    pieces.push(bytes.subarray(from, at), text);
    from = at;
  }
  pieces.push(bytes.subarray(from));
  return pieces;
};
