/** Which answer a valid request gets: what the test's script says, else the prompt's directives, else the default. */
import type { Answer, ErrorAnswer, Fault, MessageAnswer } from './answer.ts';
import { invalidRequest } from './api-error.ts';
import type { Attempts } from './attempts.ts';
import { defaultAnswer } from './default-answer.ts';
import { DirectiveError, hasDirectives } from './directive-text.ts';
import { type Directive, directivesOf } from './directives.ts';
import { promptOf } from './prompt.ts';
import type { SeenRequest } from './seen-request.ts';
import { tokensOfBytes } from './tokens.ts';

type Trouble = ErrorAnswer | Fault;

const isFault = (trouble: Trouble): trouble is Fault => 'afterEvents' in trouble;

const messageOf = (directive: Directive, fallback: MessageAnswer, fault?: Fault): MessageAnswer => {
  const { trouble: _trouble, times: _times, inputTokens: _tokens, ...rest } = directive;
  const { model: _model, ...flow } = rest;
  const content = flow.content.length > 0 ? flow.content : fallback.content;
  return { ...flow, kind: 'message', content, ...(fault ? { fault } : {}) };
};

const troubleNow = (
  { trouble, times, model }: Directive,
  request: SeenRequest,
  attempts: Attempts,
): Trouble | undefined => {
  if (model !== undefined && request.body.model !== model) return undefined;
  if (!trouble || times === undefined) return trouble;
  return attempts.next(request.bodyHash) <= times ? trouble : undefined;
};

const obey = (
  directive: Directive,
  request: SeenRequest,
  attempts: Attempts,
  fallback: MessageAnswer,
): MessageAnswer | ErrorAnswer => {
  const trouble = troubleNow(directive, request, attempts);
  if (!trouble) return messageOf(directive, fallback);
  if (isFault(trouble)) return messageOf(directive, fallback, trouble);
  const { waitMs, headers } = directive;
  return {
    ...trouble,
    ...(waitMs === undefined ? {} : { waitMs }),
    ...(headers === undefined ? {} : { headers }),
  };
};

/** The answer to POST /v1/messages. */
export const planMessage = (
  request: SeenRequest,
  attempts: Attempts,
): MessageAnswer | ErrorAnswer => {
  const prompt = promptOf(request.body.messages);
  const fallback = defaultAnswer(request.body, prompt);
  if (!hasDirectives(prompt.text)) return fallback;
  try {
    const directive = directivesOf(prompt.text)[prompt.step];
    return directive ? obey(directive, request, attempts, fallback) : fallback;
  } catch (error) {
    if (error instanceof DirectiveError) return invalidRequest(error.message);
    throw error;
  }
};

/** The answer to POST /v1/messages/count_tokens. Troubles do not hit it. */
export const planCount = (request: SeenRequest): Answer => {
  const prompt = promptOf(request.body.messages);
  const counted = tokensOfBytes(request.rawBody.length);
  if (!hasDirectives(prompt.text)) return { kind: 'tokens', inputTokens: counted };
  try {
    const directive = directivesOf(prompt.text)[prompt.step];
    return { kind: 'tokens', inputTokens: directive?.inputTokens ?? counted };
  } catch (error) {
    if (error instanceof DirectiveError) return invalidRequest(error.message);
    throw error;
  }
};
