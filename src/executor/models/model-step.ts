/**
 * One model step: a streamed call of the Claude API, tried again as the step's settings say.
 *
 * 1. Every retry is told before its delay begins; it voids the deltas before it. A delay that is too long for the step
 *    is not waited for: the outcome says so, and whoever wanted the step tries again.
 * 2. `cancel` ends the call or the waiting at once; an answer that was complete already wins.
 * 3. `run` never rejects: whatever happens is an outcome.
 * 4. A container that the API has no more is left out of the same attempt.
 * 5. When `run` is over, nothing of the messages is being sent any more.
 */
import type Anthropic from '@anthropic-ai/sdk';
import type { Clock } from '../../otp/clock.ts';
import type { StepError, StepOutcome } from '../../session/ports/executor.ts';
import { Answer } from './answer.ts';
import { endBody, readAnswer, strange } from './answer-reading.ts';
import { betasOf } from './connected.ts';
import { type Failure, failureOf, retryDelayMs, timeoutFailure } from './failure.ts';
import { bodyOf, carry, Sending } from './http-fetch.ts';
import { rateLeft } from './rate-headers.ts';
import { countParamsOf, type RunStep, requestOf } from './request.ts';
import { Silence } from './silence.ts';
import type { Endpoint, ModelEvent } from './wire.ts';

type Params = Anthropic.MessageCreateParamsStreaming;
type BetaParams = Anthropic.Beta.Messages.MessageCreateParamsStreaming;
type BetaCountParams = Parameters<Anthropic['beta']['messages']['countTokens']>[0];

/** What the thread lends to a step. */
export interface StepTools {
  readonly clock: Clock;
  readonly random: () => number;
  readonly client: Anthropic;
  /** Hides what belongs to the endpoint alone: the key, and a password in its address. */
  readonly redact: (text: string) => string;
  readonly emit: (event: ModelEvent) => void;
}

export class ModelRun {
  #step: RunStep;
  readonly #endpoint: Endpoint;
  readonly #tools: StepTools;
  #isCancelled: boolean = false;
  #isContainerLost: boolean = false;
  /** Ends what is under way: the stream, or the waiting. */
  #interrupt: () => void = () => undefined;

  constructor(step: RunStep, endpoint: Endpoint, tools: StepTools) {
    this.#step = step;
    this.#endpoint = endpoint;
    this.#tools = tools;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#interrupt();
  }

  async run(): Promise<StepOutcome> {
    const { retry, wantsDeltas } = this.#step;
    const { clock, emit, random } = this.#tools;
    const { tried = 0, longestWaitMs = Infinity } = retry;
    for (let attempt = tried; ; attempt++) {
      const answer = new Answer(wantsDeltas ? emit : undefined);
      const result = await this.#call(answer);
      if ('type' in result) return result;
      if (this.#isCancelled) return { type: 'cancelled', partialText: answer.text };
      const { error, retryAfterMs } = result;
      if (this.#hasLostContainer(error)) {
        attempt -= 1; // it says nothing of the API
        continue;
      }
      if (!error.retryable || attempt >= retry.maxRetries) {
        const { provider } = this.#endpoint;
        return { type: 'failed', error, partialText: answer.text, provider };
      }
      const delayMs = retryDelayMs(attempt, retry.delayMs, retryAfterMs, random);
      if (delayMs > longestWaitMs) return { type: 'postponed', error, delayMs, tried: attempt + 1 };
      emit({ type: 'retry', delayMs, error });
      await this.#wait(clock, delayMs);
      if (this.#isCancelled) return { type: 'cancelled', partialText: '' };
    }
  }

  /** Then the step goes on without it, once: the API makes another. It says so instead of an answer, never in the middle of one. */
  #hasLostContainer({ status = 0, message }: StepError): boolean {
    const { container, ...without } = this.#step;
    const isRefused = status === 400 || status === 404 || status === 410;
    if (container === undefined || !isRefused || !/container/i.test(message)) return false;
    this.#step = without;
    this.#isContainerLost = true;
    return true;
  }

  async #call(answer: Answer): Promise<StepOutcome | Failure> {
    const { clock, redact } = this.#tools;
    const { timeoutMs } = this.#step.retry;
    const atMs = clock.now();
    let late: Failure | undefined;
    let silence: Silence | undefined;
    let sending: Sending | undefined;
    try {
      const { params, pieces } = requestOf(this.#step, this.#endpoint.connectors);
      sending = new Sending(pieces);
      const under = sending;
      this.#interrupt = () => under.abort();
      const moved = () => under.movedBytes;
      const onTooLong = (why: 'silent' | 'endless') => {
        late = timeoutFailure(why, timeoutMs);
        under.abort();
      };
      silence = new Silence({ clock, limitMs: timeoutMs, moved, onTooLong });
      if (this.#step.counts === true) return await this.#count(under);
      const response = await this.#ask(params, { fetchOptions: carry(under), timeout: timeoutMs });
      this.#tellRate(response.headers);
      const body = bodyOf(response);
      await readAnswer(body, response.headers, (event) => answer.see(event));
      endBody(body, clock);
      const outcome = answer.outcome(this.#endpoint.provider, atMs, this.#step.messages);
      return this.#isContainerLost && outcome.type === 'message' && outcome.container === undefined
        ? { ...outcome, container: null }
        : outcome;
    } catch (error) {
      return late ?? failureOf(error, clock.now(), redact);
    } finally {
      silence?.end();
      sending?.end();
    }
  }

  #tellRate(headers: Headers): void {
    const { clock, emit } = this.#tools;
    const left = rateLeft(headers, clock.now());
    if (left !== undefined) emit({ type: 'rate', ...left });
  }

  /** Betas are asked for at a place of their own, which has the same events and some more. */
  #ask(params: Params, options: Anthropic.RequestOptions): Promise<Response> {
    const { messages, beta } = this.#tools.client;
    const betas = betasOf(this.#step);
    if (betas === undefined) return messages.create(params, options).asResponse();
    const asked = { ...params, betas: [...betas] } as BetaParams;
    return beta.messages.create(asked, options).asResponse();
  }

  /** No answer, no price: the API only says how many tokens the request is. */
  async #count(sending: Sending): Promise<StepOutcome> {
    const betas = betasOf(this.#step);
    const { messages, beta } = this.#tools.client;
    const params = countParamsOf(this.#step, this.#endpoint.connectors);
    const options = { fetchOptions: carry(sending), timeout: this.#step.retry.timeoutMs };
    const counted =
      betas === undefined
        ? messages.countTokens(params, options)
        : beta.messages.countTokens({ ...params, betas: [...betas] } as BetaCountParams, options);
    try {
      return { type: 'counted', tokens: tokensOf(await counted) };
    } catch (error) {
      throw strange(error);
    }
  }

  #wait(clock: Clock, delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, delayMs);
      this.#interrupt = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

const tokensOf = (counted: { readonly input_tokens?: unknown } | null): number => {
  const tokens = counted?.input_tokens;
  if (typeof tokens === 'number') return tokens;
  throw new TypeError(`no number of tokens: ${String(tokens)}`);
};
