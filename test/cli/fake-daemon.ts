/**
 * A daemon for tests of the command line: answers from a table, remembers what it was asked. What is
 * not in the table fails the test's call as an unknown verb.
 */
import type { DaemonClient } from '../../src/cli/shell.ts';
import { GreenroomError } from '../../src/model/errors.ts';
import type { WireEvent } from '../../src/model/event.ts';

/** For a daemon that is made of other parts. */
export const tellsNothing = {
  async *watch(): AsyncGenerator<never> {},
  refusedTurns: async () => [],
};

/** One request as it came: `[subject, request]`, such as `['demo.tag', { tags: ['a'] }]`. */
export type Asked = readonly [string, unknown];

/** By verb: what it answers. Functions get the request. */
export type Answers = Readonly<Record<string, unknown>>;

export class FakeDaemon implements DaemonClient {
  readonly asked: Asked[] = [];
  isClosed = false;
  readonly #answers: Answers;
  readonly #events: readonly Partial<WireEvent>[];

  constructor(answers: Answers = {}, events: readonly Partial<WireEvent>[] = []) {
    this.#answers = answers;
    this.#events = events;
  }

  session = async (sessionId: string, verb: string, request: unknown): Promise<never> =>
    this.#answer(`${sessionId}.${verb}`, verb, request);

  sessions = async (verb: string, request: unknown): Promise<never> =>
    this.#answer(`sessions.${verb}`, `sessions.${verb}`, request);

  daemon = async (verb: string, request: unknown): Promise<never> =>
    this.#answer(`daemon.${verb}`, `daemon.${verb}`, request);

  async *turn(sessionId: string, request: unknown): AsyncGenerator<WireEvent> {
    this.asked.push([`${sessionId}.turn`, request]);
    for (const event of this.#events)
      yield { tenant: 'default', sessionId, turnId: 't1', attempt: 1, ...event } as WireEvent;
  }

  async *watch(sessionId?: string): AsyncGenerator<Readonly<Record<string, unknown>>> {
    yield* this.#answer('watch', 'watch', sessionId) as Readonly<Record<string, unknown>>[];
  }

  refusedTurns = async (wanted: unknown): Promise<never> =>
    this.#answer('refused', 'refused', wanted);

  close = async (): Promise<void> => {
    this.isClosed = true;
  };

  #answer(asked: string, verb: string, request: unknown): never {
    this.asked.push([asked, request]);
    const answer = this.#answers[verb];
    if (answer === undefined) throw new GreenroomError('unknown_verb', `no answer to ${verb}`);
    if (answer instanceof Error) throw answer;
    return (typeof answer === 'function' ? answer(request) : answer) as never;
  }
}
