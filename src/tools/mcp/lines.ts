/**
 * Lines in a stream of bytes, each a message. One that is too long is never held: of it the beginning and the end are
 * given, which have the number of the request that it answers.
 */
const NEWLINE = 0x0a;
/** Of each end of what is too long. */
const EDGE_BYTES = 1_024;

export type Line =
  | { readonly type: 'whole'; readonly text: string }
  | { readonly type: 'too_long'; readonly head: string; readonly tail: string };

export class Lines {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Of a line that is too long already. */
  #head: Buffer | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that end in this chunk. */
  take(chunk: Buffer): readonly Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from);
      if (end === -1) break;
      this.#add(chunk.subarray(from, end));
      lines.push(this.#line());
      from = end + 1;
    }
    if (from < chunk.length) this.#add(chunk.subarray(from));
    return lines;
  }

  #add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes <= this.#maxBytes) return;
    const held = Buffer.concat(this.#pieces);
    this.#head ??= Buffer.from(held.subarray(0, EDGE_BYTES));
    const tail = Buffer.from(held.subarray(-EDGE_BYTES));
    this.#pieces = [tail];
    this.#bytes = this.#maxBytes; // each further piece is cut at once
  }

  #line(): Line {
    const text = Buffer.concat(this.#pieces).toString('utf8').replace(/\r$/, '');
    const head = this.#head?.toString('utf8');
    this.#pieces = [];
    this.#bytes = 0;
    this.#head = undefined;
    return head === undefined
      ? { type: 'whole', text }
      : { type: 'too_long', head, tail: text.slice(-EDGE_BYTES) };
  }
}

/** The number of the request that a reply answers, by its ends: writers put it first or last. */
export const requestAnswered = ({
  head,
  tail,
}: Extract<Line, { type: 'too_long' }>): number | undefined => {
  const first = /^\{(?:"jsonrpc":"2\.0",)?"id":(\d+)[,}]/.exec(head.replace(/\s/g, ''));
  const last = /[,{]"id":(\d+)(?:,"jsonrpc":"2\.0")?\}$/.exec(tail.replace(/\s/g, ''));
  const found = first?.[1] ?? last?.[1];
  return found === undefined ? undefined : Number(found);
};
