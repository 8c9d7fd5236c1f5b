/**
 * The questions of a turn's tool calls, asked of the person who follows the turn at a terminal: one after the other,
 * beside the events that go on. A call that is answered elsewhere meanwhile is not asked about any longer.
 */
import type { WireEvent } from '../model/event.ts';
import { printable } from '../platform/printable.ts';
import type { SessionReplies, SessionRequests } from '../session/verbs/registry.ts';
import { failureOf } from './failure.ts';
import type { Invocation } from './invocation.ts';
import type { DaemonClient } from './shell.ts';

type Waiting = SessionReplies['asked']['approvals'][number];
type Answer = Omit<SessionRequests['approve'], 'approvalId'>;

/** Whether a person is there to be asked; with `--json` a program reads. */
export const canAsk = ({ shell, out }: Invocation): boolean =>
  shell.ask !== undefined && !out.isJson;

export class Asking {
  readonly #run: Invocation;
  readonly #daemon: DaemonClient;
  readonly #sessionId: string;
  /** By approval: how its question is taken back. */
  readonly #open = new Map<string, AbortController>();
  #last: Promise<void> = Promise.resolve();

  constructor(run: Invocation, daemon: DaemonClient, sessionId: string) {
    this.#run = run;
    this.#daemon = daemon;
    this.#sessionId = sessionId;
  }

  event(event: WireEvent): void {
    if (event.type === 'permission.requested' || event.type === 'budget.requested')
      this.#begin(event.approvalId);
    if (event.type === 'permission.decided' || event.type === 'budget.decided')
      this.#takeBack(event.approvalId);
  }

  /** Takes back what is still asked. */
  async stop(): Promise<void> {
    for (const approvalId of [...this.#open.keys()]) this.#takeBack(approvalId);
    await this.#last;
  }

  #begin(approvalId: string): void {
    if (!canAsk(this.#run) || this.#open.has(approvalId)) return;
    const givenUp = new AbortController();
    this.#open.set(approvalId, givenUp);
    this.#last = this.#last
      .then(() => this.#settle(approvalId, givenUp.signal))
      .catch((error: unknown) => {
        if (!givenUp.signal.aborted) this.#later(approvalId, failureOf(error).message);
      });
  }

  #takeBack(approvalId: string): void {
    this.#open.get(approvalId)?.abort();
    this.#open.delete(approvalId);
  }

  async #settle(approvalId: string, givenUp: AbortSignal): Promise<void> {
    if (givenUp.aborted) return;
    const { approvals } = await this.#daemon.session(this.#sessionId, 'asked', {});
    const waiting = approvals.find((each) => each.approvalId === approvalId);
    if (waiting === undefined) return;
    const answer = await this.#asked(waiting, givenUp);
    if (givenUp.aborted) return;
    if (answer === undefined) return this.#later(approvalId, 'it waits');
    const { rules } = await this.#daemon.session(this.#sessionId, 'approve', {
      approvalId,
      ...answer,
    });
    for (const rule of rules) this.#run.out.note(`the session allows from now on: ${rule}`);
  }

  /** Until the answer is one; undefined: there is none now. */
  async #asked(waiting: Waiting, givenUp: AbortSignal): Promise<Answer | undefined> {
    const mayStay = 'suggestions' in waiting && waiting.suggestions.length > 0;
    const choices = mayStay ? '[y]es, yes for the [s]ession, [n]o' : '[y]es, [n]o';
    let question = printable(`${described(waiting)}\nAllow it? ${choices}: `);
    while (!givenUp.aborted) {
      const said = ((await this.#run.shell.ask?.(question, givenUp)) ?? '').trim().toLowerCase();
      if (said === '') return undefined;
      if (YES.has(said)) return { decision: 'allow' };
      if (mayStay && SESSION.has(said)) return { decision: 'allow', scope: 'session' };
      if (NO.has(said)) return { decision: 'deny' };
      question = `${choices}: `;
    }
    return undefined;
  }

  #later(approvalId: string, why: string): void {
    const id = `${this.#sessionId} '${approvalId}'`;
    this.#run.out.note(
      `(${why}) next: ${this.#run.typed(`approvals allow ${id}`)}, or deny in the place of allow`,
    );
  }
}

const YES: ReadonlySet<string> = new Set(['y', 'yes', 'a', 'allow']);
const SESSION: ReadonlySet<string> = new Set(['s', 'session']);
const NO: ReadonlySet<string> = new Set(['n', 'no', 'd', 'deny']);

/** Longer ones are shown by `approvals show`. In characters. */
const MAX_SHOWN = 2_000;

/** All that is allowed by a yes, each line of it indented, so that none looks like a line of ours. */
const described = (waiting: Waiting): string => {
  if ('budget' in waiting) return indented(waiting.reason);
  const { toolName, input, reason, files, suggestions } = waiting;
  const { command } = input;
  const what = typeof command === 'string' ? command : JSON.stringify(input);
  const lines = [`${toolName}:`, indented(what), 'because:', indented(reason)];
  if (files.length > 0) lines.push('files:', indented(files.join('\n')));
  if (suggestions.length > 0)
    lines.push('rules for the session:', indented(suggestions.join('\n')));
  return lines.join('\n');
};

const indented = (text: string): string => {
  const shown =
    text.length > MAX_SHOWN
      ? `${text.slice(0, MAX_SHOWN)}\n… (${text.length - MAX_SHOWN} characters more)`
      : text;
  return shown
    .split('\n')
    .map((line) => `  | ${line}`)
    .join('\n');
};
