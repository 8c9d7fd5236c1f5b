/** Bytes through a transform of zlib's, as they are asked for: nothing begins before the first is wanted. */
import type { Transform } from 'node:stream';

/** An error of either side ends it with that error. Left early, both sides end. */
export async function* through(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  transform: Transform,
): AsyncGenerator<Buffer, void> {
  const feeding = feed(source, transform);
  feeding.catch((error: unknown) => transform.destroy(error as Error));
  try {
    yield* transform as AsyncIterable<Buffer>;
    await feeding;
  } finally {
    transform.destroy();
  }
}

const feed = async (
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  transform: Transform,
): Promise<void> => {
  for await (const chunk of source) {
    if (transform.destroyed) return;
    if (!transform.write(chunk)) await drained(transform);
  }
  transform.end();
};

const drained = (transform: Transform): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      transform.off('drain', go).off('close', go);
      resolve();
    };
    transform.on('drain', go).on('close', go);
  });
