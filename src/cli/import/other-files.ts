/**
 * Files that are no transcripts of Claude Code: our own exports, and what classic programs kept, the file
 * store's lines and the two kinds of JSON files. Each is one session.
 */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { readJsonFile } from '../../classic/json-file.ts';
import { codeOf } from '../../model/errors.ts';
import { type ImportedSession, importSession } from '../../session/api/upload.ts';
import { classicExport, stateOfLines } from '../../session/transfer/classic-export.ts';
import type { DaemonClient } from '../shell.ts';
import { type FileKind, MAX_CLASSIC_BYTES, readText, whereOf } from './file-kind.ts';
import type { FileResult } from './import-session.ts';
import type { Spent } from './totals.ts';
import type { FoundFile } from './walk.ts';

export interface OtherSettings {
  readonly daemon: DaemonClient;
  readonly sleep: (ms: number) => Promise<void>;
}

export const importOther = async (
  file: FoundFile,
  kind: Exclude<FileKind, 'transcript'>,
  { daemon, sleep }: OtherSettings,
): Promise<FileResult> => {
  const none = { path: file.path, lines: 0, added: 0, malformed: 0, recovered: 0 };
  try {
    const options = { sleep, maxPayloadBytes: daemon.maxPayloadBytes };
    const imported = await importSession(daemon, await textOf(file, kind), options);
    return { ...none, ...resultOf(imported), ...(await spentIn(daemon, imported.sessionId)) };
  } catch (error) {
    const isRefusal = REFUSALS.includes(codeOf(error));
    const reason = (error as Error).message;
    return { ...none, status: isRefusal ? 'refused' : 'failed', reason };
  }
};

const REFUSALS: readonly string[] = ['session_exists', 'session_deleted', 'invalid_request'];

const resultOf = ({ sessionId, status, lines, added }: ImportedSession) => ({
  ...{ sessionId, lines, added, isNewSession: status === 'new' },
  status: status === 'completed' ? ('grown' as const) : status,
});

/** The session itself has counted: an export carries its ledger. */
const spentIn = async (daemon: DaemonClient, sessionId: string): Promise<Spent> => {
  const { session } = await daemon.session(sessionId, 'get', {});
  const { usage, totalCostUsd: costUsd, knownCostUsd } = session;
  return { usage, costUsd, ...(knownCostUsd === undefined ? {} : { knownCostUsd }) };
};

const textOf = async (
  file: FoundFile,
  kind: Exclude<FileKind, 'transcript'>,
): Promise<AsyncIterable<string | Uint8Array>> => {
  if (kind === 'export') return createReadStream(whereOf(file));
  if (file.size > MAX_CLASSIC_BYTES)
    throw new Error(`a classic file has at most ${MAX_CLASSIC_BYTES} bytes`);
  const text = await readText(file);
  const state =
    kind === 'classic-json'
      ? readJsonFile(text)
      : stateOfLines(basename(file.path, '.jsonl'), text.split('\n'));
  return piecesOf(classicExport(state));
};

async function* piecesOf(lines: readonly string[]): AsyncGenerator<string> {
  for (const line of lines) yield `${line}\n`;
}
