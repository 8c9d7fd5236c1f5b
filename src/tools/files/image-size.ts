/** How large a picture is, read from its head. Pure. */

export type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** undefined for what is damaged, or only begins like an image. */
export const imageSize = (type: ImageType, bytes: Buffer): ImageSize | undefined => {
  try {
    const size = readSize(type, bytes);
    return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // it ends before its size
    throw error;
  }
};

const readSize = (type: ImageType, bytes: Buffer): ImageSize | undefined => {
  switch (type) {
    case 'image/png':
      if (nameAt(bytes, 12) !== 'IHDR') return undefined;
      return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
    case 'image/gif':
      return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
    case 'image/webp':
      return sizeOfWebp(bytes);
    case 'image/jpeg':
      return sizeOfJpeg(bytes);
  }
};

const nameAt = (bytes: Buffer, at: number): string => bytes.toString('latin1', at, at + 4);

const sizeOfWebp = (bytes: Buffer): ImageSize | undefined => {
  switch (nameAt(bytes, 12)) {
    case 'VP8 ':
      return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
    default:
      return undefined;
  }
};

/** Segments follow each other, each with its length, until the one that begins a frame. */
const sizeOfJpeg = (bytes: Buffer): ImageSize | undefined => {
  for (let at = 2; ; ) {
    if (bytes.readUInt8(at) !== 0xff) return undefined;
    const marker = bytes.readUInt8(at + 1);
    if (marker === 0xff)
      at += 1; // padding
    else if (isFrame(marker))
      return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    else at += 2 + bytes.readUInt16BE(at + 2);
  }
};

/** In this range three are tables. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
