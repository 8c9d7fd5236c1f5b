/**
 * A Greenroom in a process of its own, to be killed. Arguments: its data directory and the address of
 * a rehearsal server. Takes `{sessionId, prompt, ...options}` as lines of JSON on stdin, runs each as a
 * turn, or calls a method of sessions where it says `{ask: [name, ...arguments]}`, and tells every event as a line of JSON on stdout; `{"type":"ready"}` comes first. `LATE_BY_MS` in its environment
 * puts its clock forward.
 */
import { createInterface } from 'node:readline';
import { startGreenroom } from 'greenroom';
import { systemClock } from 'greenroom/otp';

const [dataDir, anthropicBaseUrl] = process.argv.slice(2);
const tell = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const lateByMs = Number(process.env.LATE_BY_MS ?? 0);
const clock = { ...systemClock, now: () => systemClock.now() + lateByMs };

const greenroom = await startGreenroom({
  dataDir,
  anthropicBaseUrl,
  provider: 'anthropic',
  anthropicApiKey: 'any',
  workers: 1,
  minFreeMb: 0,
  textSearch: process.env.GREENROOM_TEXT_SEARCH ?? 'off', // a process more that few tests need
  clock,
});
tell({ type: 'ready' });

const run = async ({ ask, sessionId, prompt, ...options }) => {
  if (ask !== undefined) {
    const [method, ...given] = ask;
    await greenroom.sessions[method](...given);
    return tell({ type: 'asked', method });
  }
  for await (const event of greenroom.turn(sessionId, prompt, options)) tell(event);
};

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void run(JSON.parse(line)));
lines.on('close', () => process.exit(0)); // whoever started it is gone
