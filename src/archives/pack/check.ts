/** Looks through an archive: whether all that its list names is in there, as the list says, and nothing else. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { through } from '../../platform/through.ts';
import { ListLine } from './manifest.ts';
import type { Part } from './parts.ts';
import { plainPath } from './paths.ts';

export interface Checked {
  readonly files: number;
  readonly bytes: number;
  /** Sentences about what is not as the list says; the first 100. */
  readonly faults: readonly string[];
}

const MAX_FAULTS = 100;

/** The list is in the order of the archive, so both are read side by side, and neither is kept. */
export const checkArchive = async (parts: AsyncIterable<Part>, list: string): Promise<Checked> => {
  const lines = linesOf(list);
  const faults: string[] = [];
  const complain = (fault: string): void => void (faults.length < MAX_FAULTS && faults.push(fault));
  let [files, total] = [0, 0];
  for await (const part of parts) {
    const path = plainPath(part.path);
    const line = await nextThere(lines);
    const { bytes, sha256 } = await read(part);
    if (part.kind === 'file') [files, total] = [files + 1, total + bytes];
    if (line === undefined) complain(`${path} is not in the list`);
    else if (line.path !== path || line.kind !== part.kind)
      complain(`${path} is there, and the list has ${line.path}`);
    else if (line.kind === 'file' && (line.size !== bytes || line.sha256 !== sha256))
      complain(`${path} has other bytes than the list says`);
    else if (line.kind === 'link' && line.target !== part.target)
      complain(`${path} leads elsewhere than the list says`);
  }
  for await (const line of lines) if (line.kind !== 'left') complain(`${line.path} is missing`);
  return { files, bytes: total, faults };
};

/** What was left has lines of its own, wherever it was come upon. */
const nextThere = async (
  lines: AsyncGenerator<ListLine, undefined>,
): Promise<Exclude<ListLine, { kind: 'left' }> | undefined> => {
  for (;;) {
    const { value: line } = await lines.next();
    if (line === undefined || line.kind !== 'left') return line;
  }
};

const read = async ({
  bytes,
}: Part): Promise<{ readonly bytes: number; readonly sha256: string }> => {
  const digest = createHash('sha256');
  let size = 0;
  for await (const chunk of bytes) {
    digest.update(chunk);
    size += chunk.length;
  }
  return { bytes: size, sha256: digest.digest('hex') };
};

async function* linesOf(list: string): AsyncGenerator<ListLine, undefined> {
  const input = Readable.from(through(createReadStream(list), createGunzip()));
  for await (const text of createInterface({ input }))
    if (text !== '') yield ListLine.parse(JSON.parse(text));
  return undefined;
}
