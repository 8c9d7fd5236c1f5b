/**
 * The API's endpoints: from a request that was read to its end to the answer on the wire. Which answer
 * that is, plan.ts and the test's script say; what the API would refuse is refused before they are asked.
 */
import type { ServerResponse } from 'node:http';
// biome-ignore lint/style/noRestrictedImports: a server whose slowness is real time on purpose
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, ErrorAnswer, MessageAnswer } from './answer.ts';
import { encodeError, errorAnswer, invalidRequest, statusOfFault } from './api-error.ts';
import type { Attempts } from './attempts.ts';
import { compose } from './compose.ts';
import { faultOfContainer } from './container.ts';
import { isKnownModel, modelInfo, modelList } from './models.ts';
import { planCount, planMessage } from './plan.ts';
import { JSON_TYPE, play, send } from './play.ts';
import type { PromptCache } from './prompt-cache.ts';
import type { Json } from './request-json.ts';
import { violationOf } from './rules.ts';
import { offeredNames } from './rules-request.ts';
import type { SeenRequest } from './seen-request.ts';
import { tokensOfBytes } from './tokens.ts';

/** A script may take its time: the answer goes out when its promise is settled. */
export type Script = (request: SeenRequest) => Answer | undefined | Promise<Answer | undefined>;

export interface Stage {
  readonly script: Script | undefined;
  readonly attempts: Attempts;
  readonly cache: PromptCache;
  /** Tokens that a prompt may have. */
  readonly contextTokens: number;
}

type Handler = (
  request: SeenRequest,
  response: ServerResponse,
  stage: Stage,
) => Promise<void> | undefined;

const requestIdOf = (request: SeenRequest): string => `req_01${request.bodyHash.slice(0, 22)}`;

export const sendError = (
  request: SeenRequest,
  response: ServerResponse,
  answer: ErrorAnswer,
): undefined => {
  const requestId = requestIdOf(request);
  const { headers, body } = encodeError(answer, requestId);
  request.status = answer.status;
  send(response, answer.status, JSON_TYPE, requestId, body, headers);
};

const sendJson = (request: SeenRequest, response: ServerResponse, body: object): undefined => {
  request.status = 200;
  send(response, 200, JSON_TYPE, requestIdOf(request), JSON.stringify(body));
};

const refusedKey = ({ headers }: SeenRequest): string | undefined => {
  const bearer = headers.authorization?.match(/^Bearer\s+(\S+)$/i)?.[1];
  const key = headers['x-api-key'] ?? bearer;
  if (key === undefined || key === '') return 'x-api-key header is required';
  return String(key).startsWith('invalid') ? 'invalid x-api-key' : undefined;
};

const betasOf = ({ headers }: SeenRequest): readonly string[] =>
  String(headers['anthropic-beta'] ?? '').split(/\s*,\s*/);

/** The 400 or 404 that a body gets before anything is planned. */
const refusedBody = (
  request: SeenRequest,
  endpoint: 'create' | 'count',
  contextTokens: number,
): ErrorAnswer | undefined => {
  try {
    const violation = violationOf(request.json, endpoint, betasOf(request));
    const fault = violation ?? faultOfContainer(request);
    if (fault !== undefined) return invalidRequest(fault);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return invalidRequest(`The request body is not valid JSON: ${cause.message}`);
  }
  const { model } = request.body;
  if (!isKnownModel(model)) return errorAnswer(404, `model: ${model}`);
  const tokens = tokensOfBytes(request.rawBody.length);
  return endpoint === 'create' && tokens > contextTokens
    ? invalidRequest(`prompt is too long: ${tokens} tokens > ${contextTokens} maximum`)
    : undefined;
};

const statusOf = ({ fault }: MessageAnswer, isStream: boolean): number => {
  if (fault?.kind === 'error') return isStream ? 200 : statusOfFault(fault);
  return fault?.afterEvents === 0 ? 0 : 200;
};

const notOffered = ({ content }: MessageAnswer, request: SeenRequest): readonly string[] => {
  const asked = content.flatMap((block) => (block.type === 'tool_use' ? [block.name] : []));
  if (asked.length === 0) return asked;
  const offered = offeredNames(request.json as Json);
  return asked.filter((name) => !offered.includes(name));
};

const perform = (
  request: SeenRequest,
  response: ServerResponse,
  answer: Answer,
  { cache, contextTokens }: Stage,
): Promise<void> | undefined => {
  switch (answer.kind) {
    case 'error': {
      const fail = (): undefined => sendError(request, response, answer);
      if (answer.waitMs) return sleep(answer.waitMs, undefined, { ref: false }).then(fail);
      return fail();
    }
    case 'tokens':
      return sendJson(request, response, { input_tokens: answer.inputTokens });
    case 'message': {
      const isStream = request.body.stream === true;
      request.status = statusOf(answer, isStream);
      request.notOffered = notOffered(answer, request);
      const message = compose(answer, request, cache, contextTokens);
      if (answer.fault === undefined) request.usage = message.usage;
      return play(response, message, answer, isStream, requestIdOf(request));
    }
  }
};

const answerBody =
  (endpoint: 'create' | 'count'): Handler =>
  (request, response, stage) => {
    const { script, attempts, contextTokens } = stage;
    if (request.headers['anthropic-version'] === undefined)
      return sendError(request, response, invalidRequest('anthropic-version: header is required'));
    const refused = refusedBody(request, endpoint, contextTokens);
    if (refused) return sendError(request, response, refused);
    const plan = (): Answer =>
      endpoint === 'create' ? planMessage(request, attempts) : planCount(request);
    const scripted = script?.(request);
    if (!(scripted instanceof Promise))
      return perform(request, response, scripted ?? plan(), stage);
    return scripted.then((answer) => perform(request, response, answer ?? plan(), stage));
  };

const listModels: Handler = (request, response) => sendJson(request, response, modelList());

const showModel: Handler = (request, response) => {
  const id = decodeURIComponent(request.path.slice('/v1/models/'.length));
  const info = modelInfo(id);
  if (info) return sendJson(request, response, info);
  return sendError(request, response, errorAnswer(404, `model: ${id}`));
};

const handlerOf = (method: string, path: string): Handler | ErrorAnswer => {
  if (path === '/v1/messages' || path === '/v1/messages/count_tokens') {
    if (method !== 'POST') return errorAnswer(405, 'Method Not Allowed');
    return answerBody(path === '/v1/messages' ? 'create' : 'count');
  }
  if (path === '/v1/models' && method === 'GET') return listModels;
  if (path.startsWith('/v1/models/') && method === 'GET') return showModel;
  return errorAnswer(404, `Not found: ${path}`);
};

/** Answers one request; the promise is for answers that take their time. @throws what a script throws */
export const answerRequest = (
  request: SeenRequest,
  response: ServerResponse,
  stage: Stage,
): Promise<void> | undefined => {
  const refused = refusedKey(request);
  if (refused) return sendError(request, response, errorAnswer(401, refused));
  const handler = handlerOf(request.method, request.path);
  if (typeof handler !== 'function') return sendError(request, response, handler);
  return handler(request, response, stage);
};

/** A throwing script (or a bug here) becomes a 500 that says so, where one can still be sent. */
export const sendFailure = (
  request: SeenRequest,
  response: ServerResponse,
  cause: unknown,
): void => {
  const message = `The rehearsal failed: ${cause instanceof Error ? cause.message : String(cause)}`;
  if (response.headersSent) response.socket?.destroy();
  else sendError(request, response, errorAnswer(500, message));
};
