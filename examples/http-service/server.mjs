/**
 * Greenroom inside a service of your own: `POST /sessions/ID/turns` runs a turn and streams it as server-sent events. A
 * browser that goes away cancels its turn.
 *
 *     PORT=3000 node examples/http-service/server.mjs
 *     curl -N -d 'Hello' localhost:3000/sessions/demo/turns
 */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { startGreenroom } from 'greenroom';

const PATH = /^\/sessions\/([\w-]{1,64})\/turns$/;

/** @returns where it listens, and how to stop it. */
export const start = async (port = 0) => {
  const greenroom = await startGreenroom({ dataDir: './data' });

  const answer = async (request, response) => {
    const [, sessionId] = PATH.exec(request.url) ?? [];
    if (request.method !== 'POST' || sessionId === undefined) return response.writeHead(404).end();
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const send = (event, data) =>
      response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    try {
      const prompt = await text(request);
      for await (const event of greenroom.turn(sessionId, prompt, { signal: gone.signal })) {
        if (event.type === 'delta') send('text', event.text ?? '');
        if (event.type === 'turn.finished') send('end', { status: event.status });
      }
    } catch (error) {
      send('error', { code: error.code ?? 'internal' });
    }
    response.end();
  };

  const server = createServer((request, response) => void answer(request, response));
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = async () => {
    server.close();
    await greenroom.stop(); // running steps end first
  };
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
};

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { url, stop } = await start(Number(process.env.PORT ?? 3000));
  console.log('listening at', url);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop());
}
