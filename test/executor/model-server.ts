/** A server in the API's place whose answers a test writes by hand; a step is run against it. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { executingOnLentThreads } from './executing.ts';

/** Answers a request that was read whole. */
export type Play = (response: ServerResponse, socket: Socket) => void;

export const served = async (play: Play) => {
  const seen = { requests: 0, sockets: new Set<Socket>() };
  const server = createServer((request, response) => {
    seen.requests += 1;
    request.resume().on('end', () => play(response, request.socket));
  });
  server.on('connection', (socket) => {
    seen.sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const endpoint = () => ({ baseUrl: `http://127.0.0.1:${port}`, apiKey: 'k' });
  return { seen, ...(await executingOnLentThreads({ endpoint })) };
};
