/** What is in an archive of either form, entry after entry, each with its bytes. */
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Entry, open as openZip, type ZipFile } from 'yauzl';
import { GreenroomError } from '../../model/errors.ts';
import { through } from '../../platform/through.ts';
import type { Compression } from '../../session/ports/archives.ts';
import { readTar, type TarPart } from './tar-read.ts';

/** The same for all forms. */
export type Part = Pick<
  TarPart,
  'kind' | 'path' | 'size' | 'mode' | 'mtimeMs' | 'target' | 'fault' | 'bytes'
>;

/** @param source the archive's bytes; a zip has to be a file, for its table of contents is at its end. */
export const partsOf = (
  compression: Compression,
  source: { readonly bytes: AsyncIterable<Uint8Array> } | { readonly file: string },
): AsyncGenerator<Part, void> => {
  if (compression === 'zip') {
    if ('file' in source) return readZip(source.file);
    throw new TypeError('a zip is read from a file');
  }
  if ('file' in source) throw new TypeError('a tar is read as it comes');
  return readTar(compression === 'tar' ? source.bytes : unzipped(source.bytes));
};

async function* unzipped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* through(source, createGunzip({ chunkSize: 256 * 1024 }));
  } catch (error) {
    if (String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw broken(error);
    throw error;
  }
}

const broken = (cause: unknown): GreenroomError =>
  new GreenroomError(
    'serialization_failed',
    `the archive cannot be read: ${(cause as Error).message}`,
    {
      cause,
    },
  );

const kindIn = (attributes: number): Part['kind'] => {
  switch (attributes & 0o170000) {
    case 0: // made by a system that has no such modes
    case 0o100000:
      return 'file';
    case 0o040000:
      return 'folder';
    case 0o120000:
      return 'link';
    default:
      return 'special';
  }
};
const MAX_TARGET_BYTES = 4_096;

async function* readZip(file: string): AsyncGenerator<Part, void> {
  const zip = await opened(file);
  try {
    for (;;) {
      const entry = await nextEntry(zip);
      if (entry === undefined) return;
      yield await partOf(zip, entry);
    }
  } finally {
    zip.close();
  }
}

const opened = (file: string): Promise<ZipFile> =>
  new Promise((resolve, reject) => {
    // Names are judged by us, with those of tars: the library would end at the first bad one.
    openZip(file, { lazyEntries: true, autoClose: false, decodeStrings: false }, (error, zip) =>
      error === null ? resolve(zip) : reject(broken(error)),
    );
  });

const nextEntry = (zip: ZipFile): Promise<Entry | undefined> =>
  new Promise((resolve, reject) => {
    const over = (then: () => void): void => {
      zip.removeAllListeners();
      then();
    };
    zip.once('entry', (entry: Entry) => over(() => resolve(entry)));
    zip.once('end', () => over(() => resolve(undefined)));
    zip.once('error', (error: unknown) => over(() => reject(broken(error))));
    zip.readEntry();
  });

const partOf = async (zip: ZipFile, entry: Entry): Promise<Part> => {
  const attributes = entry.externalFileAttributes >>> 16;
  const name = (entry.fileName as unknown as Buffer).toString('utf8');
  const kind = name.endsWith('/') ? 'folder' : kindIn(attributes);
  const { uncompressedSize: size } = entry;
  const isLink = kind === 'link' && size <= MAX_TARGET_BYTES;
  const target = isLink ? (await gathered(bytesOf(zip, entry))).toString('utf8') : '';
  return {
    ...{ kind, path: name, target, mode: attributes & 0o7777 },
    ...{ size: kind === 'file' ? size : 0, mtimeMs: entry.getLastModDate().getTime() },
    fault: entry.canDecodeFileData() ? undefined : 'it is stored in a way that is not known',
    bytes: kind === 'file' ? bytesOf(zip, entry) : nothing(),
  };
};

async function* nothing(): AsyncGenerator<Buffer, void> {}

async function* bytesOf(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer, void> {
  const stream = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, (error, opening) =>
      error === null ? resolve(opening) : reject(broken(error)),
    );
  });
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    throw broken(error);
  }
}

const gathered = async (bytes: AsyncIterable<Buffer>): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts);
};
