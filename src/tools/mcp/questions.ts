/** What a server asks a person (elicitation), and the one question that a call may have open. */
import { isWellFormed, wellFormed } from '../../model/bounds.ts';
import type { ToolAnswer, ToolQuestion, ToolSink } from '../../session/ports/tools.ts';

/** Has a person asked; undefined: that cannot be. */
export type Asker = (
  question: ToolQuestion,
  /** The server waits no longer. */
  signal: AbortSignal,
) => Promise<ToolAnswer | undefined>;

/** Characters of what is asked. */
const MAX_MESSAGE = 4_000;
/** Of the answer's form, as JSON. */
const MAX_FORM_BYTES = 16 * 1024;
/** Questions of one call, one after the other. */
const MAX_QUESTIONS = 20;

/** undefined: it is none that a form answers, or a larger one than is taken. */
export const questionIn = (params: object): ToolQuestion | undefined => {
  const { mode = 'form', message, requestedSchema: form } = params as Record<string, unknown>;
  if (mode !== 'form' || typeof message !== 'string' || message.length > MAX_MESSAGE)
    return undefined;
  if (typeof form !== 'object' || form === null || Array.isArray(form)) return undefined;
  const text = JSON.stringify(form);
  if (Buffer.byteLength(text) > MAX_FORM_BYTES || !isWellFormed(text)) return undefined;
  return { message: wellFormed(message), form: form as ToolQuestion['form'] };
};

/** The questions of one call, on their way to its session and back. */
export class Questions {
  readonly #tell: ToolSink['asks'];
  #answer: ((answer: ToolAnswer) => void) | undefined;
  #count = 0;

  constructor({ asks }: ToolSink) {
    this.#tell = asks;
  }

  readonly ask: Asker = (question, signal) => {
    if (this.#tell === undefined || this.#answer !== undefined || this.#count >= MAX_QUESTIONS)
      return Promise.resolve(undefined);
    this.#count += 1;
    return new Promise((resolve) => {
      const over = (answer: ToolAnswer | undefined): void => {
        this.#answer = undefined;
        signal.removeEventListener('abort', withdraw);
        resolve(answer);
      };
      const withdraw = (): void => {
        over(undefined);
        this.#tell?.(undefined);
      };
      this.#answer = over;
      signal.addEventListener('abort', withdraw, { once: true });
      this.#tell?.(question);
    });
  };

  /** Without a question there is nobody to hear it. */
  readonly answer = (answer: ToolAnswer): void => this.#answer?.(answer);
}
