/** A tools thread whose tools do what no tool should. Each call writes a line into the file that it is given: a ledger of effects. */
import { appendFileSync } from 'node:fs';
import { among, serveTools } from '../../../dist/src/tools/serve-tools.js';

const noted = ({ input }) => appendFileSync(input.ledger, 'ran\n');
const said = (content) => ({ type: 'result', content, isError: false });

const tool = (name, run) => ({ offered: { name }, run });

export const serve = (port) =>
  serveTools(
    port,
    among([
      tool('Spins', (job) => {
        noted(job);
        for (;;);
      }),
      tool('SpinsOnce', (job) => {
        noted(job);
        for (;;);
      }),
      tool('Kills', (job) => {
        noted(job);
        process.exit(1);
      }),
      tool('Deaf', (job) => {
        noted(job);
        return new Promise(() => undefined);
      }),
      tool('Polite', (job, signal) => {
        noted(job);
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ type: 'cancelled' }));
        });
      }),
      tool('Buggy', () => {
        throw new TypeError('no such thing');
      }),
      tool('Echo', async ({ input }) => said(input.text)),
    ]),
  );
