/**
 * The body of a response whose length nobody knows, in chunks (RFC 9112, 7.1). Node hands the socket four or five pieces for each
 * chunk, which leave by another way than one piece does: what is written many thousand times a second is framed here, as one
 * text. A peer of HTTP/1.0 gets the body as it is, up to the end of its connection.
 */
import type { ServerResponse } from 'node:http';
import { endWith } from '../../platform/end-with.ts';

const LAST_CHUNK = '0\r\n\r\n';

export class ChunkedBody {
  readonly #response: ServerResponse;
  readonly #isFramed: boolean;

  /** @param response its head is written: it says whether the body is chunked. */
  constructor(response: ServerResponse) {
    this.#response = response;
    this.#isFramed = response.chunkedEncoding;
    response.chunkedEncoding = false;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#response.write(this.#chunk(bytes), 'latin1');
  }

  /** @param last what goes before the end; may be empty. */
  end(last: Uint8Array): void {
    const text = last.length === 0 ? '' : this.#chunk(last);
    endWith(this.#response, this.#isFramed ? `${text}${LAST_CHUNK}` : text, 'latin1');
  }

  /** Each byte as a character of its own, which is how they leave. */
  #chunk({ buffer, byteOffset, length }: Uint8Array): string {
    const text = Buffer.from(buffer, byteOffset, length).toString('latin1');
    return this.#isFramed ? `${length.toString(16)}\r\n${text}\r\n` : text;
  }
}
