/**
 * What a person types at the prompt of a chat: one message, edited with the keys of readline, with the earlier ones behind the
 * arrow keys. A line that ends with `\` goes on, and what is pasted is one message however many lines it has.
 */
import { createInterface } from 'node:readline';
import type { Typed } from '../shell.ts';

const GOES_ON = '… ';
/** Asks the terminal to say where what is pasted begins and ends; most do. */
const PASTE_ON = '\u001b[?2004h';
const PASTE_OFF = '\u001b[?2004l';

interface Key {
  readonly name?: string;
}

/** @param history the latest first. */
export const readMessage = (prompt: string, history: readonly string[]): Promise<Typed> =>
  new Promise((resolve) => {
    const { stdin, stdout } = process;
    const lines = createInterface({ input: stdin, output: stdout, history: [...history], prompt });
    const parts: string[] = [];
    let isPasting = false;
    const onKey = (_: unknown, { name }: Key = {}) => {
      if (name === 'paste-start') isPasting = true;
      if (name === 'paste-end') isPasting = false;
    };
    const finish = (typed: Typed) => {
      stdin.off('keypress', onKey);
      process.off('SIGINT', onInterrupt);
      lines.off('close', onEnd);
      lines.close();
      stdout.write(PASTE_OFF);
      resolve(typed);
    };
    const onEnd = () => {
      stdout.write('\n');
      finish({ type: 'ended' });
    };
    const onLine = (line: string) => {
      const goesOn = line.endsWith('\\');
      parts.push(goesOn ? line.slice(0, -1) : line);
      if (!goesOn && !isPasting) return finish({ type: 'message', text: parts.join('\n') });
      lines.setPrompt(GOES_ON);
      lines.prompt();
    };
    const onInterrupt = () => {
      const isEmpty = lines.line === '' && parts.length === 0;
      stdout.write('\n');
      finish(isEmpty ? { type: 'interrupted' } : { type: 'message', text: '' });
    };
    stdin.on('keypress', onKey);
    process.on('SIGINT', onInterrupt); // typed behind the last message, before keys were read again
    lines.on('line', onLine).on('close', onEnd).on('SIGINT', onInterrupt);
    stdout.write(PASTE_ON);
    lines.prompt();
  });
