/**
 * Runs before each test file of the projects that have more than memory. The next file runs in the same process, so
 * none may leave it changed: not its environment, not its folder, not its listeners, of which each open store has one.
 */
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { endFile } from './file-end.ts';

const EVENTS = ['exit', 'SIGINT', 'SIGTERM', 'uncaughtException', 'unhandledRejection', 'warning'];

const footprint = () => ({
  folder: process.cwd(),
  environment: { ...process.env },
  listeners: EVENTS.map((event) => `${event} ${process.listenerCount(event)}`),
});

afterAll(endFile);

// What `beforeAll` returns runs behind every `afterAll`, the first of them last. A thread ends after its last word.
beforeAll(() => {
  const before = footprint();
  return () =>
    vi.waitFor(() => expect(footprint()).toEqual(before), { timeout: 20_000, interval: 5 });
});
