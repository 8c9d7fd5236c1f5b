/**
 * Prints a turn's events: text as it comes, or the whole answer at its end; with `--json` each event
 * on a line. A retry or a recovery voids what was streamed since the last message: it says so and
 * the text begins again.
 */
import type { TurnFinished, WireEvent } from '../session/event.ts';
import { span } from './format.ts';
import type { Output } from './output.ts';

export class TurnPrinter {
  readonly #out: Output;
  readonly #isStream: boolean;
  #attempt = 1;
  /** Text since the last message, that a retry would void. */
  #open = '';
  #streamedLength = 0;
  #finished: TurnFinished | undefined;

  constructor(out: Output, isStream: boolean) {
    this.#out = out;
    this.#isStream = isStream;
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

  #print(event: WireEvent): void {
    if (event.attempt > this.#attempt) this.#void('the session was restarted: the step runs again');
    this.#attempt = event.attempt;
    switch (event.type) {
      case 'delta':
        if (this.#isStream && event.text !== undefined) this.#stream(event.text);
        break;
      case 'retry':
        this.#void(`${event.error.message}: trying again in ${span(event.delayMs)}`);
        break;
      case 'message':
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

  #stream(text: string): void {
    this.#out.text(text);
    this.#open += text;
    this.#streamedLength += text.length;
  }

  #endLine(): void {
    if (this.#open !== '' && !this.#open.endsWith('\n')) this.#out.text('\n');
    this.#open = '';
  }

  #void(why: string): void {
    this.#endLine();
    this.#out.note(`(${why})`);
  }
}
