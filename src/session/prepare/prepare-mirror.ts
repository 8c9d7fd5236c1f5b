/**
 * What an append to a mirrored transcript adds to its session: an import without line numbers, where
 * a `uuid` that is stored says that the entry is. Facts, costs and the summary are carried on from
 * those stored with the stream, in the commit that stores the entries.
 */
import { type ReadLine, readLine } from '../../claude-code/read-line.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { ImportDelta } from '../machine/input.ts';
import { storedName } from '../mirror/mirror-key.ts';
import type { MirrorRecord } from '../mirror/mirror-record.ts';
import { foldSummary, type SummaryData } from '../mirror/session-summary.ts';
import { UuidMarks } from '../mirror/uuid-marks.ts';
import type { ResponseWrite, SessionReader, Stored } from '../ports/journal.ts';
import { addLines, importedStream, type Line } from './import.ts';

export interface MirrorRequest {
  readonly type: 'mirror';
  readonly projectKey: string;
  readonly externalKey: string;
  /** As stored; '' for the main transcript. */
  readonly subpath: string;
  readonly lines: readonly Uint8Array[];
  /** As of an import. */
  readonly isSettled?: true;
}

/** Throws `session_exists` when the session is another's, `invalid_request` for a line that is no JSON. */
export const prepareMirror = async (
  head: Head,
  request: MirrorRequest,
  from: Stored,
  nowMs: number,
): Promise<ImportDelta> => {
  const { subpath, externalKey } = request;
  mustBeOf(head, externalKey);
  const stream = await from.session.stream(subpath);
  const { fresh, marks } = await notStored(request, from.session);
  const delta = await addLines(
    head,
    stream,
    { subpath, externalKey, lines: fresh, by: 'agent-sdk', isSettled: request.isSettled },
    from,
    nowMs,
  );
  if (fresh.length === 0 || delta.contested.length > 0) return { ...delta, head };
  const before = importedStream(stream)?.mirror;
  const isMain = subpath === '';
  // Greater than any before it, also within one millisecond and when the clock goes back.
  const mtimeMs = Math.max(Math.floor(nowMs), (head.importedAtMs ?? 0) + 1);
  const mirror: MirrorRecord = {
    born: before?.born ?? head.version + 1,
    mtimeMs,
    ...(isMain ? { summary: summaryAfter(before?.summary, fresh) } : {}),
  };
  return {
    ...delta,
    stream: { ...delta.stream, imported: { ...importedStream(delta.stream), mirror } },
    responses: [...delta.responses, ...marks],
    head: isMain
      ? { ...delta.head, importedAtMs: mtimeMs, projectKey: storedName(request.projectKey) }
      : { ...delta.head, importedAtMs: head.importedAtMs ?? Math.floor(nowMs) },
  };
};

export const mustBeOf = (head: Head, externalKey: string): void => {
  if (head.version > 0 && head.externalKey !== externalKey)
    throw new GreenroomError(
      'session_exists',
      `the session ${head.key.sessionId} does not mirror ${externalKey}`,
    );
};

/** Entries without a `uuid`, and those whose `uuid` is not stored, with the marks that say so from now on. */
const notStored = async (
  { subpath, lines }: MirrorRequest,
  session: SessionReader,
): Promise<{ readonly fresh: readonly Line[]; readonly marks: readonly ResponseWrite[] }> => {
  const all = lines.map((body) => {
    const read = oneValue(body);
    return { body, read, uuid: uuidIn(read) };
  });
  const uuids = all.flatMap(({ uuid }) => (uuid === undefined ? [] : [uuid]));
  const marks = await UuidMarks.read(session, subpath, uuids);
  const fresh = all.filter(({ uuid }) => uuid === undefined || marks.isNew(uuid));
  return { fresh, marks: marks.writes };
};

const NEWLINE = 0x0a;

/** Usually an object; other JSON is kept like the odd line of an imported file. */
const oneValue = (body: Uint8Array): ReadLine => {
  const read = readLine(body);
  const isJson = read.kind === 'objects' ? !read.isRecovered : read.isJson;
  if (!isJson || body.includes(NEWLINE))
    throw new GreenroomError(
      'invalid_request',
      'an entry is the JSON text of one value, on one line',
    );
  return read;
};

const uuidIn = (read: ReadLine): string | undefined => {
  const uuid = read.kind === 'objects' ? read.objects[0]?.uuid : undefined;
  return typeof uuid === 'string' && uuid !== '' ? uuid : undefined;
};

const summaryAfter = (before: string | undefined, lines: readonly Line[]): string => {
  const data = before === undefined ? undefined : (JSON.parse(before) as SummaryData);
  const entries = lines.flatMap(({ read }) => (read.kind === 'objects' ? read.objects : []));
  return JSON.stringify(foldSummary(data, entries));
};
