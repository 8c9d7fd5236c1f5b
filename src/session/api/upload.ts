/**
 * Makes a session of an export: sends what is not stored yet, chunk by chunk. Reads the text once, from
 * its beginning to its end; memory is one chunk.
 */

import { EMPTY_DIGEST, nextDigest } from '../../claude-code/digest.ts';
import { codeOf, ERRORS, GreenroomError } from '../../model/errors.ts';
import { readExportLine, wrong } from '../transfer/format.ts';
import { linesOf } from '../transfer/lines.ts';
import type { SessionsApi } from '../verbs/api.ts';
import { exportSession } from './download.ts';

export interface ImportOptions {
  /** Id of the session that is made; default: the exported one's. */
  readonly as?: string;
  /** Of the broker between, where there is one. */
  readonly maxPayloadBytes?: number | undefined;
  readonly sleep?: (ms: number) => Promise<void>;
}

export interface ImportedSession {
  readonly sessionId: string;
  /** `unchanged`: it was here, whole. */
  readonly status: 'new' | 'completed' | 'unchanged';
  readonly lines: number;
  readonly added: number;
}

type Api = Pick<SessionsApi, 'session'>;

/** Rejects `invalid_request` for what is no whole export, `session_exists` where another session has the id. */
export const importSession = async (
  api: Api,
  text: AsyncIterable<string | Uint8Array>,
  options: ImportOptions = {},
): Promise<ImportedSession> => {
  let upload: Upload | undefined;
  for await (const line of linesOf(text)) {
    upload ??= await Upload.begin(api, line, options);
    await upload.add(line);
  }
  if (upload === undefined) throw wrong(0, 'is missing: there is nothing in it');
  return upload.end();
};

/** Requests stay well below the broker's limit, and do not hold up the daemon's loop. */
const CHUNK_BYTES = 512 * 1024;
const CHUNK_LINES = 5_000;
const ENVELOPE_BYTES = 4 * 1024;
const MAX_TRIES = 8;
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;

class Upload {
  readonly #api: Api;
  readonly #sessionId: string;
  readonly #first: string;
  readonly #options: ImportOptions;
  /** For lines in a message, with the first one beside them. */
  readonly #room: number;
  /** What is stored of this export, or nothing; `other`: the id is another session's, or the same one's as it was made here. */
  readonly #stored: { readonly lines: number; readonly digest: string; readonly isOther: boolean };
  #waiting: string[] = [];
  #waitingBytes = 0;
  #lines = 0;
  #added = 0;
  #digest = EMPTY_DIGEST;
  #digestBefore = EMPTY_DIGEST;
  #last = '';

  private constructor(
    api: Api,
    sessionId: string,
    first: string,
    options: ImportOptions,
    stored: { lines: number; digest: string; exists: boolean },
  ) {
    this.#api = api;
    this.#sessionId = sessionId;
    this.#first = first;
    this.#options = options;
    const { maxPayloadBytes = Number.POSITIVE_INFINITY } = options;
    this.#room = maxPayloadBytes - Buffer.byteLength(JSON.stringify(first)) - ENVELOPE_BYTES;
    this.#stored = { ...stored, isOther: stored.exists && stored.lines === 0 };
  }

  static async begin(api: Api, first: string, options: ImportOptions): Promise<Upload> {
    const line = readExportLine(first, 0);
    if (line.type !== 'session') throw wrong(0, 'does not begin a session');
    const sessionId = options.as ?? line.sessionId;
    const stored = await api.session(sessionId, 'import-session', { lines: [] });
    return new Upload(api, sessionId, first, options, stored);
  }

  async add(line: string): Promise<void> {
    this.#digestBefore = this.#digest;
    this.#digest = nextDigest(this.#digest, Buffer.from(line));
    this.#lines += 1;
    this.#last = line;
    const { lines, digest, isOther } = this.#stored;
    if (this.#lines === lines && this.#digest !== digest) throw this.#taken();
    if (isOther || this.#lines <= lines) return;
    const bytes = Buffer.byteLength(JSON.stringify(line)) + 1;
    this.#mustFit(bytes);
    if (
      this.#waitingBytes + bytes > Math.min(CHUNK_BYTES, this.#room) ||
      this.#waiting.length === CHUNK_LINES
    )
      await this.#send();
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
  }

  async end(): Promise<ImportedSession> {
    const end = readExportLine(this.#last, this.#lines - 1);
    if (end.type !== 'end')
      throw wrong(this.#lines - 1, 'is not the last of an export: it was cut off');
    if (end.digest !== this.#digestBefore || end.lines !== this.#lines - 1)
      throw wrong(this.#lines - 1, 'has another digest than the lines before it: it was changed');
    const done = { sessionId: this.#sessionId, lines: this.#lines, added: this.#added };
    if (this.#stored.isOther) {
      if ((await this.#digestHere()) !== this.#digest) throw this.#taken();
      return { ...done, status: 'unchanged' };
    }
    if (this.#lines < this.#stored.lines) throw this.#taken();
    if (this.#waiting.length > 0) await this.#send({ session: this.#first });
    const isResumed = this.#stored.lines > 0;
    const status = this.#added === 0 ? 'unchanged' : isResumed ? 'completed' : 'new';
    return { ...done, added: this.#added, status };
  }

  async #send(last: { readonly session?: string } = {}): Promise<void> {
    const lines = this.#waiting;
    const fromLine = this.#lines - lines.length - ('session' in last ? 0 : 1);
    const reply = await this.#again(() =>
      this.#api.session(this.#sessionId, 'import-session', { fromLine, lines, ...last }),
    );
    this.#added += reply.added;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  async #again<T>(work: () => Promise<T>): Promise<T> {
    const { sleep } = this.#options;
    for (let tries = 1; ; tries += 1)
      try {
        return await work();
      } catch (error) {
        if (!ERRORS[codeOf(error)].retryable || tries === MAX_TRIES || sleep === undefined)
          throw error;
        await sleep(Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1)));
      }
  }

  /** A session that was not imported: is it the one that was exported, unchanged since? */
  async #digestHere(): Promise<string> {
    let digest = EMPTY_DIGEST;
    for await (const line of linesOf(
      exportSession(this.#api, this.#sessionId, this.#options.maxPayloadBytes),
    ))
      digest = nextDigest(digest, Buffer.from(line));
    return digest;
  }

  #mustFit(bytes: number): void {
    const { maxPayloadBytes } = this.#options;
    if (bytes <= this.#room) return;
    throw new GreenroomError(
      'too_large',
      `line ${this.#lines} takes ${bytes} bytes in a message, and this broker allows ${maxPayloadBytes}: raise its max_payload and import again`,
    );
  }

  #taken(): GreenroomError {
    return new GreenroomError(
      'session_exists',
      `there is another session ${this.#sessionId} here, or it has changed since the export: import it under another id`,
    );
  }
}
