/** `fetch` for servers on the web: a message that is too long ends the answer, in place of filling the memory. */

/** Of one message; a stream of them may be as long as it likes. */
const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;
const NEWLINE = 0x0a;

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

export const boundedFetch = (maxBytes = MAX_MESSAGE_BYTES): Fetch => {
  return async (url, init) => {
    const response = await fetch(url, init);
    const { body, status, statusText, headers } = response;
    if (!response.ok || body === null) return response;
    const isStream = headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    const bounded = body.pipeThrough(bound(maxBytes, isStream));
    return new Response(bounded, { status, statusText, headers });
  };
};

/** A message of a stream has a line of its own. */
const bound = (maxBytes: number, isStream: boolean): TransformStream<Uint8Array, Uint8Array> => {
  let bytes = 0;
  return new TransformStream({
    transform: (chunk, controller) => {
      const end = isStream ? chunk.lastIndexOf(NEWLINE) : -1;
      bytes = end === -1 ? bytes + chunk.length : chunk.length - end - 1;
      if (bytes <= maxBytes) controller.enqueue(chunk);
      else controller.error(new Error(`the answer has more than ${maxBytes} bytes`));
    },
  });
};
