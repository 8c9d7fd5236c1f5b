/**
 * How much of a model's window bytes of messages take: all but the data of images and documents, whose tokens do not
 * follow from their length. Found by looking at bytes, never by parsing.
 */

const DATA = '"data":"';
/** As many bytes as the tokens of an image, or of a page, are worth in text, about. */
const IMAGE_BYTES = 6_000;
/** `"type":"base64","media_type":"…"` stands before the data. */
const LOOK_BACK = 160;
const QUOTE = '"'.charCodeAt(0);

/** Bytes that count as text. */
export const weightOf = (body: Uint8Array): number => {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!bytes.includes('"base64"')) return bytes.byteLength;
  let weight = bytes.byteLength;
  for (let at = bytes.indexOf(DATA); at !== -1; at = bytes.indexOf(DATA, at)) {
    const begin = at + DATA.length;
    const end = bytes.indexOf(QUOTE, begin);
    if (end === -1) return weight;
    const isData = bytes.subarray(Math.max(0, at - LOOK_BACK), at).includes('"base64"');
    if (isData && end - begin > IMAGE_BYTES) weight -= end - begin - IMAGE_BYTES;
    at = end;
  }
  return weight;
};
