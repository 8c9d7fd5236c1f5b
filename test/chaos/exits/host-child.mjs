/**
 * A program that has a store open, changes it, and goes one of the ways out. Its argument is a plan as JSON:
 *
 * - `dir`: the data directory; `where`: `main`, or `worker` for a store that is opened in a thread;
 * - `way`: how it ends (`WAYS`), `afterMs` after a change was acknowledged;
 * - `isLoaded`: whether changes go on meanwhile.
 *
 * It says `ask <session> <n>` before each change and `ack <session> <n>` after it, `ready` when it is open. With the way
 * `terminate` it opens the store again in another thread at once, says `found <session> <n>` of each session there, and
 * ends with code 0. `GREENROOM_DIST` names another compiled program.
 */
import { writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const dist = process.env.GREENROOM_DIST ?? resolve(import.meta.dirname, '../../../dist');
const { openStore } = await import(pathToFileURL(resolve(dist, 'src/stores.js')).href);

const say = (line) => writeSync(1, `${line}\n`);
const pause = (ms) => (ms === 0 ? Promise.resolve() : new Promise((next) => setTimeout(next, ms)));
const LOADED_SESSIONS = 6;

const WAYS = {
  exit: () => process.exit(3),
  throw: () => setImmediate(() => fail()),
  rejection: () => void Promise.reject(new Error('rejected as planned')),
  signal: () => {
    process.on('SIGTERM', () => process.exit(4));
    process.kill(process.pid, 'SIGTERM');
  },
  'exit with a listener that throws': () => {
    process.on('exit', () => fail());
    process.exit(3);
  },
  kill: () => process.kill(process.pid, 'SIGKILL'),
};

const fail = () => {
  throw new Error('thrown as planned');
};

const change = async (store, session, n) => {
  say(`ask ${session} ${n}`);
  if (n === 1) await store.createSession(session);
  else await store.appendMessage(session, { role: 'user', content: `m${n}` });
  say(`ack ${session} ${n}`);
};

const load = async (store, session) => {
  for (let n = 1; ; n += 1) await change(store, session, n);
};

/** Opens the store and changes it; resolves when it is time to go. */
const live = async ({ dir, afterMs, isLoaded }) => {
  const store = await openStore(`lmdb:${dir}`);
  say('ready');
  if (isLoaded) for (let i = 0; i < LOADED_SESSIONS; i += 1) void load(store, `load${i}`);
  for (let n = 1; n <= 3; n += 1) await change(store, 's', n);
  await pause(afterMs);
};

const show = async ({ dir }) => {
  const store = await openStore(`lmdb:${dir}`);
  for (const session of await store.listSessions())
    say(`found ${session} ${(await store.getMessages(session)).length + 1}`);
  await store.close();
};

const thread = (plan) =>
  new Worker(fileURLToPath(import.meta.url), { workerData: plan, env: process.env });
const toGo = (worker) => new Promise((done) => worker.once('message', done));

const asHost = async (plan) => {
  const worker = thread(plan);
  worker.once('exit', (code) => plan.way !== 'terminate' && process.exit(code));
  await toGo(worker);
  if (plan.way !== 'terminate') return WAYS[plan.way]();
  await worker.terminate();
  const next = thread({ ...plan, way: 'show' });
  next.once('exit', (code) => process.exit(code));
};

if (isMainThread) {
  const plan = JSON.parse(process.argv[2]);
  if (plan.where === 'main') {
    await live(plan);
    WAYS[plan.way]();
  } else await asHost(plan);
} else if (workerData.way === 'show') await show(workerData);
else {
  await live(workerData);
  if (workerData.way.startsWith('in the thread, ')) WAYS[workerData.way.slice(15)]();
  else parentPort.postMessage('go');
}
