/**
 * A tar header, both ways: what `tar` of every system reads (ustar, with pax records for what does not fit in there), and
 * what they write (ustar, pax, GNU's long names). Pure.
 *
 * Owner, group and devices are neither written nor read: they mean nothing on another machine.
 */
export const BLOCK = 512;

/** `long` says something of the header behind it, or of nothing that we know. */
export type TarKind = 'file' | 'folder' | 'link' | 'hardlink' | 'special' | 'long';

export interface TarHeader {
  readonly kind: TarKind;
  /** The byte that says so. */
  readonly flag: string;
  readonly path: string;
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly target: string;
}

const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
/** Eleven octal digits. */
const MOST_IN_OCTAL = 0o77777777777;
const FLAGS = { file: '0', link: '2', folder: '5' } as const;

export interface TarEntry {
  readonly kind: keyof typeof FLAGS;
  readonly path: string;
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly target?: string;
}

/** The header's bytes, behind those of its pax records where it needs some. */
export const tarHeader = (entry: TarEntry): Buffer => {
  const path = entry.kind === 'folder' ? `${entry.path}/` : entry.path;
  const split = splitPath(path);
  const { size, target = '', mtimeMs } = entry;
  const records: [string, string][] = [];
  if (split === undefined) records.push(['path', path]);
  if (Buffer.byteLength(target) > NAME_BYTES || !isPlain(target))
    records.push(['linkpath', target]);
  if (size > MOST_IN_OCTAL) records.push(['size', String(size)]);
  const seconds = Math.floor(mtimeMs / 1_000);
  if (seconds < 0 || seconds > MOST_IN_OCTAL) records.push(['mtime', String(seconds)]);
  const facts = {
    ...{ flag: FLAGS[entry.kind], mode: entry.mode },
    ...{ size: Math.min(size, MOST_IN_OCTAL), target: shortened(target) },
    seconds: Math.min(Math.max(0, seconds), MOST_IN_OCTAL),
    ...(split ?? { name: shortened(path), prefix: '' }),
  };
  const own = headerBlock(facts);
  if (records.length === 0) return own;
  const text = Buffer.from(records.map(paxRecord).join(''));
  const pax = { flag: 'x', mode: 0o644, size: text.length, seconds: 0, target: '' };
  const before = headerBlock({ ...pax, name: 'pax', prefix: '' });
  return Buffer.concat([before, text, Buffer.alloc(padding(text.length)), own]);
};

/** Bytes from the end of so many to that of their block. */
export const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/** What ends an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

const isPlain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

/** As the old fields have it; undefined: it does not fit. */
const splitPath = (
  path: string,
): { readonly name: string; readonly prefix: string } | undefined => {
  if (!isPlain(path)) return undefined;
  if (path.length <= NAME_BYTES) return { name: path, prefix: '' };
  for (let at = path.indexOf('/', path.length - NAME_BYTES - 1); at > 0; ) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (name !== '' && prefix.length <= PREFIX_BYTES) return { name, prefix };
    at = path.indexOf('/', at + 1);
  }
  return undefined;
};

/** For readers that know no pax: something readable. */
const shortened = (text: string): string => text.replace(/[^\x20-\x7e]/g, '_').slice(0, NAME_BYTES);

/** `length key=value\n`, where the length counts itself. */
const paxRecord = ([key, value]: readonly [string, string]): string => {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
};

interface Fields {
  readonly name: string;
  readonly prefix: string;
  readonly flag: string;
  readonly mode: number;
  readonly size: number;
  readonly seconds: number;
  readonly target: string;
}

const headerBlock = (fields: Fields): Buffer => {
  const block = Buffer.alloc(BLOCK);
  block.write(fields.name, 0, NAME_BYTES, 'latin1');
  const octal = (value: number, at: number, digits: number) =>
    block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  octal(fields.mode & 0o7777, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(fields.size, 124, 11);
  octal(fields.seconds, 136, 11);
  block.write('        ', 148, 'latin1');
  block.write(fields.flag, 156, 'latin1');
  block.write(fields.target, 157, NAME_BYTES, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.write(fields.prefix, 345, PREFIX_BYTES, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
};

// ── the other way ────────────────────────────────────────────────────────────────────────────────

const KINDS: Readonly<Record<string, TarKind>> = {
  ...{ '0': 'file', '\0': 'file', '7': 'file', '1': 'hardlink', '2': 'link', '5': 'folder' },
  ...{ '3': 'special', '4': 'special', '6': 'special' },
  ...{ x: 'long', g: 'long', L: 'long', K: 'long' },
};

/** Undefined: an empty block. Throws for what is no header. */
export const readTarHeader = (block: Buffer): TarHeader | undefined => {
  if (block.every((byte) => byte === 0)) return undefined;
  let sum = 0;
  for (let at = 0; at < BLOCK; at += 1) sum += at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
  if (numberIn(block, 148, 8) !== sum) throw new TypeError('a header of the archive is broken');
  const flag = String.fromCharCode(block[156] ?? 0);
  const isUstar = block.toString('latin1', 257, 262) === 'ustar';
  const isGnu = block.toString('latin1', 257, 265) === 'ustar  \0';
  const prefix = isUstar && !isGnu ? textIn(block, 345, PREFIX_BYTES) : '';
  const name = textIn(block, 0, NAME_BYTES);
  const size = numberIn(block, 124, 12);
  if (!Number.isSafeInteger(size) || size < 0)
    throw new TypeError('a size in the archive is wrong');
  const kind = KINDS[flag] ?? 'special';
  return {
    ...{ kind: kind === 'file' && name.endsWith('/') ? 'folder' : kind, flag, size },
    path: prefix === '' ? name : `${prefix}/${name}`,
    mode: numberIn(block, 100, 8) & 0o7777,
    mtimeMs: numberIn(block, 136, 12) * 1_000,
    target: textIn(block, 157, NAME_BYTES),
  };
};

const textIn = (block: Buffer, at: number, length: number): string => {
  const end = block.indexOf(0, at);
  return block.toString('utf8', at, end === -1 || end > at + length ? at + length : end);
};

/** Octal digits, or, where the first bit is set, the number itself. */
const numberIn = (block: Buffer, at: number, length: number): number => {
  const first = block[at] ?? 0;
  if ((first & 0x80) !== 0) {
    let value = first === 0xff ? -1 : first & 0x7f;
    for (let next = at + 1; next < at + length; next += 1) value = value * 256 + (block[next] ?? 0);
    return value;
  }
  const digits = block
    .toString('latin1', at, at + length)
    .replace(/[\0 ]+$/, '')
    .trim();
  if (digits === '') return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
};

/** What a header says that stands before another one. */
export interface Override {
  readonly path?: string;
  readonly target?: string;
  readonly size?: number;
  readonly mtimeMs?: number;
  /** The next entry is stored in a way that we do not know. */
  readonly isSparse?: boolean;
}

/** @param body of an entry whose kind is `long`. Throws for what is no such record. */
export const readOverride = (flag: string, body: Buffer): Override => {
  const text = (): string => body.toString('utf8').replace(/\0+$/, '');
  if (flag === 'L') return { path: text() };
  if (flag === 'K') return { target: text() };
  return flag === 'g' ? {} : readPax(body);
};

const readPax = (body: Buffer): Override => {
  const said: { -readonly [K in keyof Override]: Override[K] } = {};
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString('latin1', at, space));
    if (space === -1 || !Number.isInteger(length) || length < 5 || at + length > body.length)
      throw new TypeError('a record of the archive is broken');
    const equals = body.indexOf(0x3d, space);
    const key = body.toString('utf8', space + 1, equals);
    const value = body.toString('utf8', equals + 1, at + length - 1);
    if (key === 'path') said.path = value;
    else if (key === 'linkpath') said.target = value;
    else if (key === 'size') said.size = sizeOf(value);
    else if (key === 'mtime' && Number.isFinite(Number(value)))
      said.mtimeMs = Number(value) * 1_000;
    else if (key.startsWith('GNU.sparse.')) said.isSparse = true;
    at += length;
  }
  return said;
};

const sizeOf = (value: string): number => {
  const size = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(size))
    throw new TypeError('a size in the archive is wrong');
  return size;
};
