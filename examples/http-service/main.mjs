/**
 * Starts the service of `server.mjs` and asks it, as a browser would.
 *
 *     node examples/http-service/main.mjs
 */
import { start } from './server.mjs';

const { url, stop } = await start();

const ask = (path, body) => fetch(`${url}${path}`, { method: 'POST', body });

const response = await ask('/sessions/demo/turns', 'Hello');
console.log(response.status, response.headers.get('content-type'));
let streamed = '';
for await (const piece of response.body) streamed += Buffer.from(piece).toString();
console.log(streamed.trim());

console.log(await (await ask('/sessions/demo/turns', '')).text().then((text) => text.trim()));
console.log((await ask('/elsewhere', 'Hello')).status);
await stop();
