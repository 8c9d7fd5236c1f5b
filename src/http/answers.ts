/**
 * What is answered to a request: health and metrics. Nothing here changes anything, so only GET and HEAD are let in.
 *
 * `/livez` and `/readyz` say no more than that, for what restarts processes; `/metrics` has figures of the work.
 */
import { CONTENT_TYPE } from '../metrics/text-format.ts';
import { isLoopbackHost } from './host.ts';
import type { Observer } from './observer.ts';

export interface Request {
  readonly method: string;
  /** Path and query, as they came. */
  readonly target: string;
  readonly host: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** Of a method that is not let in. */
  readonly allow?: string;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const METHODS: readonly string[] = ['GET', 'HEAD'];

export const answerTo = async (
  { method, target, host }: Request,
  observer: Observer,
): Promise<Answer> => {
  if (!isLoopbackHost(host)) return refusal(421, 'the Host header must name the loopback');
  const answer = ANSWERS.get(target.split('?', 1)[0] ?? '');
  if (answer === undefined) return refusal(404, `there is ${[...ANSWERS.keys()].join(', ')}`);
  if (!METHODS.includes(method))
    return { ...refusal(405, `only ${METHODS.join(' and ')}`), allow: METHODS.join(', ') };
  return answer(observer);
};

/** Whatever went wrong, and whose fault it is. */
export const refusal = (status: number, message: string): Answer =>
  json(status, { error: message });

const json = (status: number, value: object): Answer => ({
  ...{ status, type: JSON_TYPE },
  body: `${JSON.stringify(value)}\n`,
});

type Answering = (observer: Observer) => Answer | Promise<Answer>;

const live: Answering = () => json(200, { status: 'alive' });

const ready: Answering = (observer) => {
  const readiness = observer.readiness();
  return json(readiness.status === 'ready' ? 200 : 503, readiness);
};

const metrics: Answering = async (observer) => ({
  ...{ status: 200, type: CONTENT_TYPE },
  body: await observer.metrics(),
});

const ANSWERS: ReadonlyMap<string, Answering> = new Map([
  ['/livez', live],
  ['/readyz', ready],
  ['/metrics', metrics],
]);
