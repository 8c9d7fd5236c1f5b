/** `greenroom sessions messages`: the transcript, or only what was said, with a pager on a terminal. */
import type { EntryView } from '../../session/verbs/reply-schemas.ts';
import { usageError } from '../failure.ts';
import { several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { isTalk, messageLines, talkLines } from '../message-text.ts';
import type { Output } from '../output.ts';
import { withSession } from '../session-name.ts';
import type { DaemonClient } from '../shell.ts';
import { parseCount } from '../values.ts';

interface Options {
  readonly from?: number;
  readonly limit: number;
  readonly last?: number;
  readonly text?: boolean;
  readonly desc?: boolean;
  readonly subpath?: string;
  readonly sides?: boolean;
  readonly includePartial?: boolean;
  readonly branch?: number;
  /** false: `--no-pager`. */
  readonly pager: boolean;
}

export const registerMessages = (registration: Registration): void => {
  registration.program
    .command('messages <session>')
    .description('the transcript, from its beginning; on a terminal through $PAGER')
    .option('--text', 'only what was said: no tools, no thinking, no lines of other kinds')
    .option('--last <n>', 'the last so many entries, oldest first', parseCount)
    .option('--from <seq>', 'first entry', parseCount)
    .option('--limit <n>', 'most entries shown', parseCount, 100)
    .option('--desc', 'from the end backwards')
    .option('--subpath <name>', "a sub-agent's transcript, such as agent-a1b2c3")
    .option('--sides', 'the names of such transcripts, and how long each is')
    .option('--include-partial', 'also the text of steps that ended early')
    .option('--branch <n>', 'of a session gone on with in two places: that branch', parseCount)
    .option('--no-pager', 'straight to the terminal')
    .action(
      act<[string], Options>(registration, (run, [words], options) => {
        if (options.last !== undefined && (options.from !== undefined || options.desc))
          throw usageError('--last counts from the end', 'leave out --from and --desc');
        return run.withDaemon((daemon) =>
          withSession(daemon, words, async (sessionId) => {
            if (options.sides) return showSides(daemon, run, sessionId);
            const shown = new Transcript(daemon, sessionId, options);
            await shown.first();
            await run.paged(options.pager, (out, isWanted) =>
              show(shown, options, out, isWanted, run),
            );
          }),
        );
      }),
    );
};

/** Pages go out as they come: a transcript may be long. */
const show = async (
  shown: Transcript,
  { text = false }: Options,
  out: Output,
  isWanted: () => boolean,
  run: Invocation,
): Promise<void> => {
  const lines = text ? talkLines : messageLines;
  let isEmpty = true;
  for await (const page of shown.pages()) {
    isEmpty &&= page.length === 0;
    out.many(page, () => page.map((entry) => lines(entry, out)).join(''));
    await out.drained();
    if (!isWanted()) return;
  }
  if (isEmpty) run.out.note(text ? 'nothing was said there' : 'there are no entries');
  if (shown.nextFrom !== undefined) run.out.note(`there is more: --from ${shown.nextFrom}`);
};

const showSides = async (
  daemon: DaemonClient,
  run: Invocation,
  sessionId: string,
): Promise<void> => {
  let from: { readonly cursor?: string } = {};
  for (;;) {
    const page = await daemon.session(sessionId, 'side-transcripts', { limit: PAGE, ...from });
    const { sideTranscripts, nextCursor } = page;
    if (sideTranscripts.length === 0) run.out.note('the session has no side transcript');
    run.out.many(sideTranscripts, () =>
      sideTranscripts.map(({ subpath, seq }) => `${subpath}  ${several(seq, 'line')}\n`).join(''),
    );
    if (nextCursor === undefined) return;
    from = { cursor: nextCursor };
  }
};

const PAGE = 100;

/** The entries that were asked for, page by page. */
class Transcript {
  /** Where those that were not asked for begin. */
  nextFrom: number | undefined;
  readonly #daemon: DaemonClient;
  readonly #sessionId: string;
  readonly #options: Options;
  #ready: readonly EntryView[] = [];
  #left: number;

  constructor(daemon: DaemonClient, sessionId: string, options: Options) {
    this.#daemon = daemon;
    this.#sessionId = sessionId;
    this.#options = options;
    this.#left = options.last ?? options.limit;
    this.nextFrom = options.from;
  }

  /** Reads the first page, so that what is refused is refused before a pager opens. */
  async first(): Promise<void> {
    this.#ready = await this.#read();
  }

  async *pages(): AsyncGenerator<readonly EntryView[]> {
    if (this.#options.last !== undefined) return yield await this.#last();
    while (true) {
      if (this.#ready.length > 0) yield this.#ready;
      if (this.nextFrom === undefined || this.#left <= 0) return;
      this.#ready = await this.#read();
    }
  }

  /** The newest come first from the store, and last to the reader. */
  async #last(): Promise<readonly EntryView[]> {
    const found = [...this.#ready];
    while (this.nextFrom !== undefined && this.#left > 0) found.push(...(await this.#read()));
    this.nextFrom = undefined;
    return found.toReversed();
  }

  async #read(): Promise<readonly EntryView[]> {
    const { last, text, desc = false, subpath = '', includePartial = false } = this.#options;
    const { branch } = this.#options;
    const page = await this.#daemon.session(this.#sessionId, 'messages', {
      // Of lines of other kinds there may be many between two that are talk.
      limit: text ? PAGE : Math.min(PAGE, this.#left),
      order: desc || last !== undefined ? 'desc' : 'asc',
      subpath,
      includePartial,
      ...(branch === undefined ? {} : { branch }),
      ...(this.nextFrom === undefined ? {} : { from: this.nextFrom }),
    });
    const wanted = text ? page.entries.filter(isTalk) : page.entries;
    const taken = wanted.slice(0, this.#left);
    this.#left -= taken.length;
    this.nextFrom = taken.length < wanted.length ? wanted[taken.length]?.seq : page.nextFrom;
    return taken;
  }
}
