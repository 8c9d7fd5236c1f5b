/** This process's terminal: its streams, the question to the person at it, its pager, our name on its line. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Pager, Screen } from './shell.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Where a terminal does not say how wide it is (0: `expect`, a container's). */
const USUAL_COLUMNS = 80;

const columnsOf = (stream: NodeJS.WriteStream): number | undefined =>
  stream.isTTY ? stream.columns || USUAL_COLUMNS : undefined;

export const screen = (stream: NodeJS.WriteStream): Screen => {
  const write = (text: string) => void stream.write(text);
  return {
    write,
    exactly: write,
    drained: async () => {
      if (stream.writableNeedDrain) await once(stream, 'drain');
    },
    isTerminal: stream.isTTY,
    get columns() {
      return columnsOf(stream);
    },
  };
};

/** On stderr, as the standard output may be a file. What ends the input, or Ctrl-C, is no yes. */
export const ask = async (question: string, givenUp?: AbortSignal): Promise<string> => {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const closed = once(lines, 'close').then(() => '');
    const options = givenUp === undefined ? {} : { signal: givenUp };
    // Ctrl-C and Ctrl-D reject the question.
    return await Promise.race([lines.question(question, options).catch(() => ''), closed]);
  } finally {
    lines.close();
  }
};

/** Whether the shell finds the first word of a command. */
const isThere = (command: string, env: Env): boolean => {
  if (process.platform === 'win32') return true;
  const [program = ''] = command.trim().split(/\s+/);
  const found = ['-c', 'command -v "$1"', 'sh', program];
  return spawnSync('sh', found, { env, stdio: 'ignore', timeout: 1_000 }).status === 0;
};

/**
 * The program that `PAGER` names, else less, if it is there and the output is a terminal. `PAGER=` or `PAGER=cat` wants none. It
 * ends by itself where everything fits on one screen.
 */
export const openPager = (stdout: NodeJS.WriteStream, env: Env): Pager | undefined => {
  const command = env['PAGER'] ?? 'less';
  if (!stdout.isTTY || command.trim() === '' || command.trim() === 'cat') return undefined;
  if (!isThere(command, env)) return undefined;
  const child = spawn(command, {
    shell: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { LESS: 'FRX', ...env },
  });
  const { stdin } = child;
  let isOpen = true;
  const close = () => {
    isOpen = false;
  };
  // Who has read enough closes it in the middle: that is no failure.
  stdin.on('error', close).on('close', close);
  const ended = once(child, 'close').catch(close);
  const ignore = () => undefined;
  process.on('SIGINT', ignore); // Ctrl-C is the pager's
  const write = (text: string) => void (isOpen && stdin.write(text));
  return {
    isOpen: () => isOpen,
    screen: {
      write,
      exactly: write,
      drained: async () => {
        if (isOpen && stdin.writableNeedDrain)
          await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]);
      },
      isTerminal: true,
      columns: columnsOf(stdout),
    },
    end: async () => {
      if (isOpen) stdin.end();
      await ended;
      process.off('SIGINT', ignore);
    },
  };
};

/** npx sets this for what it runs; a link or an installation is called by its own name. */
export const programName = (script: string | undefined, env: Env): string =>
  env['npm_command'] === 'exec' || basename(script ?? '') !== 'greenroom'
    ? 'npx greenroom'
    : 'greenroom';
