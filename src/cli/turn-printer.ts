/**
 * Prints a turn's events: text as it comes, or the whole answer at its end; with `--json` each event
 * on a line. A retry or a recovery voids what was streamed since the last message: it says so and
 * the text begins again.
 */
import type { ApiMessage, TurnFinished, WireEvent } from '../model/event.ts';
import { ANYONE } from '../model/request-context.ts';
import { canAsk } from './asking.ts';
import { several, span } from './format.ts';
import type { Invocation } from './invocation.ts';
import type { Output } from './output.ts';

/** Makes text that streams nicer to read. */
export interface TextStyle {
  /** What of it can be shown now. */
  add(text: string): string;
  /** What is left of the message that ends. */
  end(): string;
}

export class TurnPrinter {
  readonly #run: Invocation;
  readonly #out: Output;
  readonly #isStream: boolean;
  readonly #style: TextStyle | undefined;
  #attempt = 1;
  #isRetrying = false;
  /** Text since the last message, that a retry would void. */
  #open = '';
  #streamedLength = 0;
  /** The end of what came, that a next piece may complete. */
  #held = '';
  #finished: TurnFinished | undefined;

  /** @param style of an answer's text; without it the text stays as it is. */
  constructor(run: Invocation, isStream: boolean, style?: TextStyle) {
    this.#run = run;
    this.#out = run.out;
    this.#isStream = isStream;
    this.#style = style;
  }

  /** The terminal event, once it has come. */
  get finished(): TurnFinished | undefined {
    return this.#finished;
  }

  event(event: WireEvent): void {
    if (this.#out.isJson) this.#out.one(event, () => '');
    else this.#print(event);
    if (event.type === 'turn.finished') this.#finished = event;
  }

  /** For a remark in the middle of a line: what comes then goes on below it. */
  breakLine(): void {
    if (this.#open !== '' && !this.#open.endsWith('\n') && !this.#out.isJson) this.#out.text('\n');
  }

  #print(event: WireEvent): void {
    // Behind a wait that was announced, it is the next attempt that was announced too.
    if (event.attempt > this.#attempt && !this.#isRetrying)
      this.#void('the session was restarted: the step runs again');
    this.#attempt = event.attempt;
    this.#isRetrying = event.type === 'retry';
    switch (event.type) {
      case 'delta':
        if (this.#isStream && event.text !== undefined) this.#stream(event.text);
        break;
      case 'retry':
        this.#void(
          event.model === undefined
            ? `${event.error.message}: trying again in ${span(event.delayMs)}`
            : `${event.error.message}: asking ${event.model} instead`,
        );
        break;
      case 'compacting':
        this.#remark(`summing up what is old: about ${several(event.tokens, 'token')}`);
        break;
      case 'tool.started':
        this.#remark(`${event.name}: ${briefly(event.input)}`);
        break;
      case 'tool.refused':
        this.#remark(`${event.toolName} did not run: ${event.reason}`);
        break;
      case 'permission.requested':
        this.#requested(event);
        break;
      case 'permission.decided':
        this.#remark(decided(event));
        break;
      case 'elicitation.requested':
        this.#questioned(event);
        break;
      case 'elicitation.answered':
        this.#remark(`${event.action === 'accept' ? 'answered' : 'declined'} by ${event.by}`);
        break;
      case 'budget.requested':
        this.#wantsMoney(event);
        break;
      case 'budget.decided':
        this.#remark(
          `${event.decision === 'allow' ? 'more may be spent' : 'no more is spent'}, by ${event.by}`,
        );
        break;
      case 'message':
        if (this.#isStream) this.#complete(textOf(event.message));
        this.#endLine();
        break;
      case 'turn.finished':
        this.#endLine();
        if (this.#streamedLength === 0 && event.text !== '') this.#out.text(`${event.text}\n`);
        break;
      default:
        break;
    }
  }

  /** A person at a terminal is asked the same in a moment; others hear how it is answered. */
  #requested({ sessionId, approvalId, toolName, reason, input }: Requested): void {
    if (canAsk(this.#run)) return this.#endLine();
    this.#remark(`${toolName} waits for a person: ${briefly(input)}; ${reason}`);
    for (const verb of ['show', 'allow'])
      this.#out.note(`next: ${this.#run.typed(`approvals ${verb} ${sessionId} '${approvalId}'`)}`);
  }

  #wantsMoney({ sessionId, approvalId, reason }: WantsMoney): void {
    if (canAsk(this.#run)) return this.#endLine();
    this.#remark(`it waits for a person: ${reason}`);
    this.#out.note(`next: ${this.#run.typed(`approvals allow ${sessionId} '${approvalId}'`)}`);
    this.#out.note(`next: ${this.#run.typed('budgets list')}`);
  }

  #questioned({ sessionId, approvalId, toolName, message }: Questioned): void {
    this.#remark(`${toolName} asks a person: ${message}`);
    const id = `${sessionId} '${approvalId}'`;
    this.#out.note(`next: ${this.#run.typed(`approvals show ${id}`)}`);
    this.#out.note(`next: ${this.#run.typed(`approvals allow ${id} --input '{…}'`)}`);
  }

  /** What belongs to the next piece waits for it: half of a character would be shown escaped. */
  #stream(text: string): void {
    const all = this.#held + text;
    const [end = ''] = UNFINISHED.exec(all) ?? [];
    this.#held = end;
    this.#write(all.slice(0, all.length - end.length));
    this.#open += text;
    this.#streamedLength += text.length;
  }

  #write(text: string): void {
    const shown = this.#style?.add(text) ?? text;
    if (shown !== '') this.#out.text(shown);
  }

  /** The message whole: the rest of it where its beginning was streamed, all of it where pieces were lost. */
  #complete(text: string): void {
    if (text === '' || text === this.#open) return;
    if (text.startsWith(this.#open)) return this.#stream(text.slice(this.#open.length));
    this.#void('pieces of the answer were lost: here it is whole');
    this.#stream(text);
  }

  #endLine(): void {
    this.#write(this.#held);
    this.#held = '';
    const rest = this.#style?.end() ?? '';
    if (rest !== '') this.#out.text(rest);
    if (this.#open !== '' && !this.#open.endsWith('\n')) this.#out.text('\n');
    this.#open = '';
  }

  #remark(text: string): void {
    this.#endLine();
    this.#out.note(`(${text})`);
  }

  #void(why: string): void {
    this.#endLine();
    this.#out.note(`(${why})`);
  }
}

type Requested = Extract<WireEvent, { type: 'permission.requested' }>;
type WantsMoney = Extract<WireEvent, { type: 'budget.requested' }>;
type Questioned = Extract<WireEvent, { type: 'elicitation.requested' }>;
type Decided = Extract<WireEvent, { type: 'permission.decided' }>;

/** A gateway that does not tell its callers apart names none. */
const decided = ({ decision, by }: Decided): string =>
  `${decision === 'allow' ? 'allowed' : 'denied'}${by === ANYONE ? '' : ` by ${by}`}`;

/** Half of a surrogate pair, of a line end, or an emoji that may go on. */
const UNFINISHED =
  /(?:\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]?\u200d?|\S?[\u200c\u200d]|\r|[\ud800-\udbff])$/u;

/** The one text of an input, such as a command or a file, or the beginning of its JSON. */
const briefly = (input: unknown): string => {
  const { command, file_path, pattern, url } = (input ?? {}) as Readonly<Record<string, unknown>>;
  const main = [command, file_path, pattern, url].find((text) => typeof text === 'string');
  const text = typeof main === 'string' ? main : JSON.stringify(input);
  return text.length > BRIEF ? `${text.slice(0, BRIEF)}…` : text;
};

const BRIEF = 200;

/** Of an answer; tool results, which are the user's, say nothing. */
const textOf = (message: ApiMessage | undefined): string => {
  if (message?.role !== 'assistant') return '';
  const { content } = message;
  if (typeof content === 'string') return content;
  return content.map(({ type, text }) => (type === 'text' ? String(text) : '')).join('');
};
