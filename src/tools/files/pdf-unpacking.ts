/**
 * What a PDF unpacks to while it is taken apart. A file of 1 MB can make 1 GB of it, outside of the heap whose size V8 bounds: the
 * whole process would go, and not only the thread. The package has no option for that, and one place where a buffer grows.
 */
type Pdf = Pick<typeof import('@cantoo/pdf-lib'), 'decodePDFRawStream' | 'PDFContext'>;

/** Bytes of one stream, unpacked. */
export const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;

/** What all streams of the package that unpack something inherit. */
interface Unpacking {
  ensureBuffer: ((requested: number) => Uint8Array) & { [BOUNDED]?: true };
}
const BOUNDED = Symbol('bounded');

/** From now on a stream that unpacks to more is one that cannot be read, which the package passes over. The same as before where it is called again. */
export const boundUnpacking = (pdf: Pdf): void => {
  const unpacking = unpackingOf(pdf);
  const grow = unpacking.ensureBuffer;
  if (grow[BOUNDED]) return;
  const bounded: Unpacking['ensureBuffer'] = function (this: Unpacking, requested) {
    if (requested > MAX_UNPACKED_BYTES) throw new RangeError('a stream unpacks to too much');
    return grow.call(this, requested);
  };
  bounded[BOUNDED] = true;
  unpacking.ensureBuffer = bounded;
};

/** Throws where the package is made in another way: better no pages than no bound. */
const unpackingOf = ({ decodePDFRawStream, PDFContext }: Pdf): Unpacking => {
  const packed = PDFContext.create().flateStream('');
  let found: object | null = decodePDFRawStream(packed);
  while (found !== null && !Object.hasOwn(found, 'ensureBuffer'))
    found = Object.getPrototypeOf(found);
  if (found === null) throw new TypeError('@cantoo/pdf-lib: no stream that unpacks was found');
  return found as Unpacking;
};
