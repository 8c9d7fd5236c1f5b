/** `Range: bytes=…` (RFC 9110, 14.2): one range; several, and what is no range of bytes, mean all. Pure. */

/** Bytes from `from` up to, and without, `to`. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

const ONE = /^bytes=(\d{0,15})-(\d{0,15})$/i;

/** `none`: there are no such bytes. */
export const rangeIn = (header: string | undefined, size: number): ByteRange | 'whole' | 'none' => {
  const [, first, last] = ONE.exec(header?.trim() ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return 'whole';
  if (first === '') {
    const length = Math.min(size, Number(last));
    return length === 0 ? 'none' : { from: size - length, to: size };
  }
  const from = Number(first);
  const to = last === '' ? size : Math.min(size, Number(last) + 1);
  if (last !== '' && Number(last) < from) return 'whole'; // it is no range at all
  return from >= size ? 'none' : { from, to };
};
