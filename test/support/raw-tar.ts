/** Tars made by hand, header by header: also such as no program would write. Shares nothing with the code under test. */
export interface RawEntry {
  readonly name: string;
  readonly body?: Buffer | string;
  /** Default `0`, a file. */
  readonly flag?: string;
  readonly mode?: number;
  readonly link?: string;
  readonly prefix?: string;
  /** What the header says; default: the body's. */
  readonly size?: number;
  readonly mtime?: number;
  /** The size as it stands in the header. */
  readonly rawSize?: Buffer;
  /** A checksum that is wrong. */
  readonly isBroken?: boolean;
}

const pad = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);

export const rawEntry = (entry: RawEntry): Buffer => {
  const { name, flag = '0', mode = 0o644, link = '', prefix = '', mtime = 1_700_000_000 } = entry;
  const body = Buffer.from(entry.body ?? '');
  const block = Buffer.alloc(512);
  Buffer.from(name).copy(block, 0, 0, 100);
  block.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  block.write('0000000\x000000000\0', 108);
  block.write(`${(entry.size ?? body.length).toString(8).padStart(11, '0')}\0`, 124);
  entry.rawSize?.copy(block, 124, 0, 12);
  block.write(`${mtime.toString(8).padStart(11, '0')}\0`, 136);
  block.write(flag, 156);
  Buffer.from(link).copy(block, 157, 0, 100);
  block.write('ustar\x0000', 257);
  Buffer.from(prefix).copy(block, 345, 0, 155);
  block.write('        ', 148);
  let sum = entry.isBroken === true ? 1 : 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([block, pad(body)]);
};

/** A pax header with these records, said to be of the next entry. */
export const pax = (records: Readonly<Record<string, string>>, flag = 'x'): RawEntry => {
  const body = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let length = rest;
    while (String(length).length + rest !== length) length = String(length).length + rest;
    return `${length} ${key}=${value}\n`;
  });
  return { name: 'pax', flag, body: body.join('') };
};

export const rawTar = (...entries: readonly RawEntry[]): Buffer =>
  Buffer.concat([...entries.map(rawEntry), Buffer.alloc(1_024)]);
