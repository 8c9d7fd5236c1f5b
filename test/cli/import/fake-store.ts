/** The import side of a daemon, as far as the importer sees it: lines by session and stream, in memory. */

import { EMPTY_DIGEST, nextDigest } from '../../../src/claude-code/digest.ts';
import type { DaemonClient } from '../../../src/cli/shell.ts';
import { GreenroomError } from '../../../src/model/errors.ts';
import type { SessionRequests } from '../../../src/session/verbs/registry.ts';

type Chunk = SessionRequests['import'];

interface Stored {
  readonly externalKey: string;
  readonly streams: Map<string, Uint8Array[]>;
}

export class FakeStore {
  readonly chunks: (Chunk & { readonly sessionId: string })[] = [];
  readonly #sessions = new Map<string, Stored>();
  /** Thrown by the next imports, one after another; those of `failing` alone, if it is set. */
  failures: Error[] = [];
  failing: string | undefined;
  /** Responses that count in other sessions, by session. */
  readonly inherited = new Map<string, readonly string[]>();
  maxPayloadBytes: number | undefined;

  /** What is stored of a stream, as text. */
  lines(sessionId: string, subpath = ''): readonly string[] {
    const stored = this.#sessions.get(sessionId)?.streams.get(subpath) ?? [];
    return stored.map((line) => Buffer.from(line).toString());
  }

  bytes(sessionId: string): readonly Uint8Array[] {
    return this.#sessions.get(sessionId)?.streams.get('') ?? [];
  }

  get sessionIds(): readonly string[] {
    return [...this.#sessions.keys()];
  }

  /** A session that was not imported. */
  addNative(sessionId: string, externalKey = 'native'): void {
    this.#sessions.set(sessionId, { externalKey, streams: new Map() });
  }

  get client(): DaemonClient {
    const session = async (sessionId: string, verb: string, request: unknown) => {
      if (verb === 'import') return this.#import(sessionId, request as Chunk);
      if (verb === 'import-state') return this.#state(sessionId, request as { subpath: string });
      throw new GreenroomError('unknown_verb', verb);
    };
    return {
      session,
      maxPayloadBytes: this.maxPayloadBytes,
      close: async () => {},
    } as unknown as DaemonClient;
  }

  #state(sessionId: string, { subpath, lines }: { subpath: string; lines?: number }) {
    const stored = this.#sessions.get(sessionId);
    const all = stored?.streams.get(subpath) ?? [];
    const first = all.slice(0, lines);
    return {
      exists: stored !== undefined,
      ...(stored === undefined ? {} : { externalKey: stored.externalKey }),
      lines: first.length,
      inherited: this.inherited.get(sessionId) ?? [],
      digest: first.reduce(nextDigest, EMPTY_DIGEST),
    };
  }

  #import(sessionId: string, chunk: Chunk) {
    const isMeant = this.failing === undefined || this.failing === sessionId;
    const failure = isMeant ? this.failures.shift() : undefined;
    if (failure !== undefined) throw failure;
    this.chunks.push({ ...chunk, sessionId });
    const stored = this.#sessions.get(sessionId) ?? {
      externalKey: chunk.externalKey,
      streams: new Map<string, Uint8Array[]>(),
    };
    this.#sessions.set(sessionId, stored);
    const { subpath = '' } = chunk;
    const before = stored.streams.get(subpath) ?? [];
    const encoding = chunk.base64 ? 'base64' : 'utf8';
    const lines = chunk.lines.map((line) => Buffer.from(line, encoding));
    const added = lines.slice(before.length - chunk.fromLine);
    stored.streams.set(subpath, [...before, ...added]);
    return { lines: before.length + added.length, added: added.length };
  }
}
