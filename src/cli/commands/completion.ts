/**
 * `greenroom completion`: a script that teaches a shell our commands and options, made from the commands themselves. For the
 * values of some options the script calls `greenroom completion values`, which asks the daemon, and says nothing where none
 * answers at once.
 */
import { InvalidArgumentError } from 'commander';
import { ID_PATTERN } from '../../model/ids.ts';
import {
  type Completing,
  completing,
  type Names,
  offered,
  TYPED,
  type Typed,
} from '../completing.ts';
import { bash, fish, zsh } from '../completion-scripts.ts';
import { allWords, VALUES } from '../completion-words.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { DaemonClient } from '../shell.ts';
import { parseWord } from '../values.ts';

const SHELLS = { bash, zsh, fish } as const;
type ShellName = keyof typeof SHELLS;

/** Whoever presses a key waits for this. */
const ANSWER_MS = 500;
const MAX_NAMES = 1_000;
/** Those that changed last. */
const MAX_SESSIONS = 100;

export const registerCompletion = (registration: Registration): void => {
  const names = Object.keys(SHELLS).join(', ');
  const command = registration.program.command('completion');
  command
    .command(VALUES, { hidden: true })
    .argument('<of>', TYPED.join(', '), parseWord(TYPED))
    .argument('[text]', 'what was typed of it', '')
    .action(
      act<[Typed, string]>(registration, async (run, [typed, text]) => {
        const wanted = completing(typed, text);
        const lines = offered(wanted, await namesFor(run, wanted));
        run.out.text(lines.map((line) => `${line}\n`).join(''));
      }),
    );
  command
    .argument('<shell>', names, (text) => {
      if (Object.hasOwn(SHELLS, text)) return text;
      throw new InvalidArgumentError(`Write one of ${names}.`);
    })
    .description('a completion script for bash, zsh or fish, to be sourced by it')
    .action(
      act<[ShellName]>(registration, async (run, [name]) => {
        run.out.text(SHELLS[name](allWords(registration.program)));
      }),
    );
};

/** None where they cannot be had at once, for whatever reason: nobody has asked for a message. */
const namesFor = async (
  run: Invocation,
  { names, start }: Completing,
): Promise<readonly string[]> => {
  if (names === undefined) return [];
  const isOver = new AbortController();
  const asked = run
    .withDaemon((daemon) => namesOf(daemon, names, start), {
      meanwhile: 'no names',
      connectTimeoutMs: ANSWER_MS,
    })
    .catch(() => []);
  const late = run.shell.sleep(ANSWER_MS, isOver.signal).then(() => []);
  const found = await Promise.race([asked, late]);
  isOver.abort();
  return found;
};

const namesOf = async (
  daemon: DaemonClient,
  by: Names,
  start: string,
): Promise<readonly string[]> => {
  if (by === 'session') {
    const narrowed = ID_PATTERN.test(start) ? { idPrefix: start } : {};
    const { sessions } = await daemon.sessions('search', { ...narrowed, limit: MAX_SESSIONS });
    return sessions.map(({ sessionId }) => sessionId);
  }
  const narrowed = by === 'tag' && start !== '' ? { tagPrefix: start.replace(/^"/, '') } : {};
  const { facets } = await daemon.sessions('facets', { ...narrowed, by, limit: MAX_NAMES });
  return facets.map(({ value }) => value);
};
