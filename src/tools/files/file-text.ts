/** Bytes of a file as text, and back: UTF-8, or UTF-16 where a byte order mark says so. Pure. */

export type Encoding = 'utf-8' | 'utf-16le';

export interface FileText {
  readonly text: string;
  readonly encoding: Encoding;
  readonly hasMark: boolean;
}

/** Bytes that are looked through for a NUL, which no text has. */
const PROBE = 8_192;

export const encodingOf = (bytes: Uint8Array): Encoding =>
  bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8';

export const isBinary = (bytes: Uint8Array): boolean =>
  encodingOf(bytes) === 'utf-8' && bytes.subarray(0, PROBE).includes(0);

/** undefined for what is no text in its encoding: it could not be written back as it was. */
export const exactText = (bytes: Uint8Array): FileText | undefined => {
  if (isBinary(bytes)) return undefined;
  const encoding = encodingOf(bytes);
  try {
    const text = new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
    const hasMark = text.startsWith('\ufeff');
    return { text: hasMark ? text.slice(1) : text, encoding, hasMark };
  } catch {
    return undefined;
  }
};

export const bytesOf = ({ text, encoding, hasMark }: FileText): Uint8Array =>
  Buffer.from(hasMark ? `\ufeff${text}` : text, encoding === 'utf-8' ? 'utf8' : 'utf16le');

/** What is not valid becomes U+FFFD. */
export const readableText = (bytes: Uint8Array): string =>
  new TextDecoder(encodingOf(bytes)).decode(bytes);
