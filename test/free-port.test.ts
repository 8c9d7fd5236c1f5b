/** The ports that test servers get: no outgoing connection may have them, before the server has or while it is down. */
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { firstOutgoing, freePort } from './support/free-port.ts';

it('a free port is below those of outgoing connections, and can be listened on', async () => {
  for (let n = 0; n < 50; n += 1) {
    const port = await freePort();
    expect(port).toBeLessThan(firstOutgoing());
    await using server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  }
});
