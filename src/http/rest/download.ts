/**
 * An archive's bytes as a download: read a piece at a time, so that one of any size takes the memory of a piece. One range
 * of it can be asked for (RFC 9110, 14), so that a download that was cut off goes on.
 */
import { once } from 'node:events';
import { verbNamed } from '../../gateway/dispatch.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { SessionsReplies } from '../../session/verbs/registry.ts';
import { isNarrow, narrowed } from '../access/narrowing.ts';
import { mustHave } from '../access/scopes.ts';
import type { Grant } from '../access/token-book.ts';
import { type Exchange, mayTake, sendEmpty } from '../wire/exchange.ts';
import type { Ground } from './ground.ts';
import { rangeIn } from './range.ts';

const PIECE_BYTES = 1_000_000;
/** Longest silence of whoever reads, in milliseconds. */
const SILENCE_MS = 120_000;

export interface Download {
  readonly exchange: Exchange;
  readonly grant: Grant;
  readonly archiveId: string;
  /** For each request that it is made of. */
  readonly context: () => RequestContext;
}

type Piece = SessionsReplies['archives.read'];

/** Rejects with `archive_not_found`, before anything is sent. */
export const download = async (ground: Ground, asked: Download): Promise<void> => {
  const { exchange, archiveId } = asked;
  const object = new URLSearchParams(exchange.query).get('object') ?? 'folder';
  const read = (offset: number, maxBytes: number) =>
    readPiece(ground, asked, { archiveId, object, offset, maxBytes });
  const { sizeBytes: size, sha256, name } = await read(0, 1);
  const common = {
    'Accept-Ranges': 'bytes',
    ETag: `"${sha256}"`,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  };
  const { range: given, 'if-range': known } = exchange.message.headers;
  const range = known === undefined || known === `"${sha256}"` ? rangeIn(given, size) : 'whole';
  if (range === 'none')
    return sendEmpty(exchange, 416, { ...common, 'Content-Range': `bytes */${size}` });
  const { from, to } = range === 'whole' ? { from: 0, to: size } : range;
  exchange.response.writeHead(range === 'whole' ? 200 : 206, {
    ...common,
    'Content-Type': typeOf(name),
    'Content-Length': to - from,
    'Content-Disposition': `attachment; filename="${archiveId}${endingOf(name)}"`,
    ...(range === 'whole' ? {} : { 'Content-Range': `bytes ${from}-${to - 1}/${size}` }),
  });
  mayTake(exchange, SILENCE_MS);
  if (exchange.method !== 'HEAD') await pour(exchange, from, to, read);
  exchange.response.end();
};

const readPiece = async (
  { dispatch }: Ground,
  { grant, context }: Download,
  value: object,
): Promise<Piece> => {
  const target = { kind: 'sessions', verb: 'archives.read' } as const;
  mustHave(grant, verbNamed(target.kind, target.verb)?.needs ?? 'admin');
  if (isNarrow(grant)) narrowed(grant, target, value); // it says why not
  const { request, run } = dispatch.prepare(target, value);
  return (await run(context(), request)) as Piece;
};

/** What was promised and cannot be read ends the connection: the client sees that it is too short. */
const pour = async (
  { response }: Exchange,
  from: number,
  to: number,
  read: (offset: number, maxBytes: number) => Promise<Piece>,
): Promise<void> => {
  try {
    for (let at = from; at < to && !response.destroyed; ) {
      const bytes = Buffer.from((await read(at, Math.min(PIECE_BYTES, to - at))).base64, 'base64');
      if (bytes.length === 0) throw new GreenroomError('archive_not_found', 'it went meanwhile');
      at += bytes.length;
      if (!response.write(bytes)) await Promise.race([once(response, 'drain'), closed(response)]);
    }
  } catch (error) {
    response.destroy(error as Error);
  }
};

const closed = (response: Exchange['response']): Promise<unknown> =>
  response.destroyed ? Promise.resolve() : once(response, 'close');

const ENDINGS: readonly (readonly [ending: string, type: string])[] = [
  ['.tar.gz', 'application/gzip'],
  ['.jsonl.gz', 'application/gzip'],
  ['.zip', 'application/zip'],
  ['.tar', 'application/x-tar'],
  ['.json', 'application/json'],
];

const typeOf = (name: string): string =>
  ENDINGS.find(([ending]) => name.endsWith(ending))?.[1] ?? 'application/octet-stream';

const endingOf = (name: string): string =>
  ENDINGS.find(([ending]) => name.endsWith(ending))?.[0] ?? '';
