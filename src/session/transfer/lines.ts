/** Text in pieces, cut anywhere, as lines without their newlines. Memory is one line and one piece. */
import { StringDecoder } from 'node:string_decoder';
import { GreenroomError } from '../../model/errors.ts';

/** No line of ours is longer: an entry has at most 16 MiB, and JSON may take six bytes for one. */
const MAX_LINE_CHARS = 128 * 1024 * 1024;

export async function* linesOf(pieces: AsyncIterable<string | Uint8Array>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let open: string[] = [];
  let openChars = 0;
  for await (const piece of pieces) {
    const text = typeof piece === 'string' ? piece : decoder.write(Buffer.from(piece));
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      yield open.join('') + text.slice(start, end);
      [open, openChars, start] = [[], 0, end + 1];
    }
    open.push(text.slice(start));
    openChars += text.length - start;
    if (openChars > MAX_LINE_CHARS) throw new GreenroomError('too_large', 'a line has no end');
  }
  const rest = open.join('') + decoder.end();
  if (rest !== '') yield rest;
}
