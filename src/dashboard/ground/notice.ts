/** What the page has to say about something that was done. It owns the notices that are shown. */
import { signal } from '@preact/signals';
import { Problem } from './ask.ts';

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly isProblem: boolean;
}

const SHOWN_MS = 6_000;

export const notices = signal<readonly Notice[]>([]);

export const say = (text: string, isProblem = false): void => {
  const id = (notices.value.at(-1)?.id ?? 0) + 1;
  const notice = { id, text, isProblem };
  notices.value = [...notices.value.slice(-3), notice];
  setTimeout(() => {
    notices.value = notices.value.filter((one) => one !== notice);
  }, SHOWN_MS);
};

/** Does it, and says what became of it. Gives whether it worked. */
export const attempt = async (done: string, work: () => Promise<unknown>): Promise<boolean> => {
  try {
    await work();
    if (done !== '') say(done);
    return true;
  } catch (error) {
    const { code, message } = error instanceof Problem ? error : new Problem('', String(error), 0);
    say(code === '' ? message : `${message} (${code})`, true);
    return false;
  }
};
