/** The answer to a prompt without directives: short, and saying what it is. A pure function of the request. */
import { type MessageAnswer, textAnswer } from './answer.ts';
import { fitting } from './fitting.ts';
import { type Prompt, toolResultOf } from './prompt.ts';
import type { MessagesBody } from './seen-request.ts';

/** How much of what it was told the answer repeats, in UTF-16 units. */
const QUOTED_LENGTH = 200;

const quote = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= QUOTED_LENGTH ? line : `${line.slice(0, QUOTED_LENGTH)}…`;
};

export const defaultAnswer = (body: MessagesBody, prompt: Prompt): MessageAnswer => {
  const { format } = body.output_config ?? {};
  if (format) return textAnswer(JSON.stringify(fitting(format.schema)));
  const toolResult = prompt.step > 0 ? toolResultOf(body.messages) : undefined;
  if (toolResult !== undefined) return textAnswer(`The tool answered: ${quote(toolResult)}`);
  return textAnswer(`Rehearsal answer to: ${quote(prompt.text)}`);
};
