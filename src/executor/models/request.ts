/**
 * A step as a request of the API: what the SDK serialises of it, and what goes in as the text that it is. Pure.
 */
import type Anthropic from '@anthropic-ai/sdk';
import type { ApiObject, ModelStep } from '../../session/ports/executor.ts';

/** A step as it is run. */
export interface RunStep extends Omit<ModelStep, 'context'> {
  /** JSON of the messages, joined by commas; shared, and not to be read any more once the run is over. */
  readonly messages: Uint8Array;
}

type Params = Parameters<Anthropic['messages']['stream']>[0];

/** The request's fields as we write them; the API judges what a step has in them. */
interface Fields {
  readonly messages: readonly [];
  readonly model: string;
  readonly max_tokens: number;
  system?: string;
  tool_choice?: ApiObject;
  thinking?: ApiObject;
  output_config?: ApiObject;
}

/** `messages` come first and empty: our `fetch` puts the session's bytes there. */
export const paramsOf = (step: RunStep): Params => {
  const fields: Fields = { messages: [], model: step.model, max_tokens: step.maxTokens };
  if (step.system !== undefined) fields.system = step.system;
  if (step.toolChoice !== undefined) fields.tool_choice = step.toolChoice;
  if (step.thinking !== undefined) fields.thinking = step.thinking;
  if (step.outputConfig !== undefined) fields.output_config = step.outputConfig;
  return fields as unknown as Params;
};

/** What stands behind the messages as JSON. */
export const fieldsOf = ({ tools = '' }: RunStep): string =>
  tools === '' || tools === '[]' ? '' : `,"tools":${tools}`;
