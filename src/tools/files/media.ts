/**
 * Files that the model sees rather than reads: known by their first bytes, never by their names. What the API would refuse is
 * refused here: in a transcript it would have every later request refused.
 */
import type { ResultBlock } from '../../session/ports/tools.ts';
import { Refusal } from '../tool/refusal.ts';
import { type ImageType, imageSize } from './image-size.ts';

export const PDF_TYPE = 'application/pdf';
export type MediaType = ImageType | typeof PDF_TYPE;

/** Bytes of an image; in base64 they are the API's 5 MB. */
export const MAX_IMAGE_BYTES = 3_750_000;
/** Pixels of an image on each side. */
export const MAX_IMAGE_SIDE = 8_000;
/** Bytes of a PDF: with what else a message holds, in base64, it stays below the limit of a stored entry. */
export const MAX_PDF_BYTES = 4_500_000;
export const MAX_PDF_PAGES = 100;

const startsWith = (bytes: Uint8Array, text: string, at = 0): boolean =>
  Buffer.from(bytes.subarray(at, at + text.length)).toString('latin1') === text;

export const mediaTypeOf = (bytes: Uint8Array): MediaType | undefined => {
  if (startsWith(bytes, '\x89PNG\r\n\x1a\n')) return 'image/png';
  if (startsWith(bytes, '\xff\xd8\xff')) return 'image/jpeg';
  if (startsWith(bytes, 'GIF87a') || startsWith(bytes, 'GIF89a')) return 'image/gif';
  if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8)) return 'image/webp';
  return startsWith(bytes, '%PDF-') ? PDF_TYPE : undefined;
};

export const maxBytesOf = (type: MediaType): number =>
  type === PDF_TYPE ? MAX_PDF_BYTES : MAX_IMAGE_BYTES;

/** Throws a `Refusal`. @param what how the file is named in it. */
export const mediaBlock = (type: MediaType, bytes: Buffer, what: string): ResultBlock => {
  if (bytes.length > maxBytesOf(type))
    throw new Refusal(
      `${what} has ${bytes.length} bytes; of ${type} at most ${maxBytesOf(type)} can be shown. Make it smaller first.`,
    );
  const fault = type === PDF_TYPE ? faultOfPdf(bytes) : faultOfImage(type, bytes);
  if (fault !== undefined) throw new Refusal(`${what} ${fault}`);
  return {
    type: type === PDF_TYPE ? 'document' : 'image',
    source: { type: 'base64', media_type: type, data: bytes.toString('base64') },
  };
};

const faultOfImage = (type: ImageType, bytes: Buffer): string | undefined => {
  const size = imageSize(type, bytes);
  if (size === undefined) return `begins like ${type} and is damaged: it says no size.`;
  const { width, height } = size;
  if (width <= MAX_IMAGE_SIDE && height <= MAX_IMAGE_SIDE) return undefined;
  return `is ${width} by ${height} pixels; at most ${MAX_IMAGE_SIDE} on each side can be shown. Make it smaller first.`;
};

/** By what stands there openly: a PDF may pack its pages away. */
const faultOfPdf = (bytes: Buffer): string | undefined => {
  const text = bytes.toString('latin1');
  if (/\/Encrypt\s+\d+\s+\d+\s+R/.test(text))
    return 'is a PDF with a password, and cannot be shown.';
  const pages = text.match(/\/Type\s{0,9}\/Page(?![a-zA-Z])/g)?.length ?? 0;
  return pages > MAX_PDF_PAGES
    ? `is a PDF of ${pages} pages; at most ${MAX_PDF_PAGES} can be shown at once.`
    : undefined;
};
