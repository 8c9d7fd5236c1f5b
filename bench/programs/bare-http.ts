/** The floor of HTTP: `node:http` that gives the same bytes to whatever is asked, and reads what it is sent. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveCalls } from '../harness/remote.ts';

const calls = {
  open: ({ bytes }: { readonly bytes: number }): Promise<string> => {
    const body = Buffer.alloc(bytes, 'x');
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    };
    const server = createServer((message, response) => {
      message.resume();
      message.on('end', () => {
        response.writeHead(200, headers);
        response.end(body);
      });
    });
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () =>
        resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
      );
    });
  },
};

export type BareHttpCalls = typeof calls;
serveCalls(calls);
