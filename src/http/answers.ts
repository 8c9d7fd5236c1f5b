/**
 * Health and metrics. Nothing here changes anything, so only GET and HEAD are let in.
 *
 * `/livez` and `/readyz` say no more than that, for what restarts processes; `/metrics` has figures of the work, and needs
 * a token as soon as there are any.
 */
import { CONTENT_TYPE } from '../metrics/text-format.ts';
import { GreenroomError } from '../model/errors.ts';
import { callerOf } from './access/credentials.ts';
import { isNarrow } from './access/narrowing.ts';
import type { TokenBook } from './access/token-book.ts';
import type { Observer } from './observer.ts';
import { type Answer, type Exchange, JSON_TYPE } from './wire/exchange.ts';
import { HttpError } from './wire/problem.ts';

type Answering = (observer: Observer) => Answer | Promise<Answer>;

const json = (status: number, value: object): Answer => ({
  ...{ status, type: `${JSON_TYPE}; charset=utf-8` },
  body: `${JSON.stringify(value)}\n`,
});

const live: Answering = () => json(200, { status: 'alive' });

const ready: Answering = (observer) => {
  const readiness = observer.readiness();
  return json(readiness.status === 'ready' ? 200 : 503, readiness);
};

const metrics: Answering = async (observer) => ({
  ...{ status: 200, type: CONTENT_TYPE },
  body: await observer.metrics(),
});

const METRICS = '/metrics';
const ANSWERS: ReadonlyMap<string, Answering> = new Map([
  ['/livez', live],
  ['/readyz', ready],
  [METRICS, metrics],
]);

export const isObserved = (path: string): boolean => ANSWERS.has(path);

/** Rejects with `method_not_allowed`, and what a missing token is. */
export const observed = async (
  { method, path, message: { headers } }: Exchange,
  observer: Observer,
  tokens: TokenBook | undefined,
  cookieName: string,
): Promise<Answer> => {
  if (method !== 'GET' && method !== 'HEAD')
    throw new HttpError('method_not_allowed', 'it takes GET, HEAD', { Allow: 'GET, HEAD' });
  if (path === METRICS && tokens?.hasTokens === true) {
    const { grant } = callerOf(headers, tokens, cookieName);
    if (!grant.needs.has('read'))
      throw new GreenroomError('forbidden', 'the token has not the scope read, which this needs');
    if (isNarrow(grant))
      throw new GreenroomError('forbidden', 'the metrics are about more than this token is for');
  }
  const answer = ANSWERS.get(path);
  if (answer === undefined) throw new HttpError('unknown_path', 'there is nothing');
  return answer(observer);
};
