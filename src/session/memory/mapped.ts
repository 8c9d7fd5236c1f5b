/**
 * Native memory that is mapped by itself and goes back to the system whole. What comes from the C library's heap shares it with
 * small things that live long: one of them behind a large piece keeps all of it, and a heap that has once been large stays so.
 *
 * V8 maps a buffer that may grow by itself, whatever its size, and counts it as it counts any other.
 */

/** From this many bytes on a mapping is worth its two system calls. */
const MAPPED_BYTES = 32 * 1024;

/** What the bytes are at first is not said. */
export const pieceOf = (bytes: number): Uint8Array<ArrayBuffer> =>
  bytes < MAPPED_BYTES
    ? new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer as ArrayBuffer)
    : new Uint8Array(mapped(bytes), 0, bytes);

const mapped = (bytes: number): ArrayBuffer => {
  const Growable = ArrayBuffer as unknown as new (
    length: number,
    options: { readonly maxByteLength: number },
  ) => ArrayBuffer;
  return new Growable(bytes, { maxByteLength: bytes });
};

/**
 * Texts as UTF-8, all of them in one piece of memory when they are large together: a buffer for each would be a piece of the heap
 * for each, and these live until the next collection.
 */
export const bytesOfAll = (texts: readonly string[]): readonly Uint8Array[] => {
  const sizes = texts.map((text) => Buffer.byteLength(text));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total < MAPPED_BYTES) return texts.map((text) => Buffer.from(text));
  const buffer = mapped(total);
  let at = 0;
  return texts.map((text, index) => {
    const size = sizes[index] ?? 0;
    const bytes = Buffer.from(buffer, at, size);
    bytes.write(text);
    at += size;
    return bytes;
  });
};
