/**
 * A program that has a store open, changes it, and goes one of the ways out. Its argument is a plan as JSON
 * (`Plan` in `lives.ts`). It says `ready <name>` when the store is open, `ask <session> <n>` before each change and
 * `ack <session> <n>` after it, `go` right before it ends. `GREENROOM_DIST` names another compiled program.
 */
import { writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const dist = process.env.GREENROOM_DIST ?? resolve(import.meta.dirname, '../../../dist');
const load = (file) => import(pathToFileURL(resolve(dist, 'src', file)).href);

const say = (line) => writeSync(1, `${line}\n`);
const pause = (ms) => (ms === 0 ? Promise.resolve() : new Promise((next) => setTimeout(next, ms)));
const LOADED_SESSIONS = 6;

const fail = (error = new Error('thrown as planned')) => {
  throw error;
};

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
  'exit with a first listener that throws': () => {
    process.prependListener('exit', () => fail());
    process.exit(3);
  },
  'exit with a first listener that exits': () => {
    process.prependListener('exit', () => process.exit(7));
    process.exit(3);
  },
  'exit without any listener': () => {
    process.removeAllListeners();
    process.exit(3);
  },
  'exit without a word': () => process.reallyExit(4),
  kill: () => process.kill(process.pid, 'SIGKILL'),
};

const go = (way) => {
  say('go');
  WAYS[way]();
};

const openStore = async ({ dir, what }) => {
  if (what === 'store') return (await load('stores/index.js')).openStore(`lmdb:${dir}`);
  const { startGreenroom } = await load('index.js');
  const model = { provider: 'anthropic', anthropicApiKey: 'any' }; // no turns are run
  return (await startGreenroom({ dataDir: dir, workers: 1, minFreeMb: 0, ...model })).store();
};

const change = async (store, session, n) => {
  say(`ask ${session} ${n}`);
  if (n === 1) await store.createSession(session);
  else await store.appendMessage(session, { role: 'user', content: `m${n}` });
  say(`ack ${session} ${n}`);
};

const keepChanging = async (store, session) => {
  for (let n = 1; ; n += 1) await change(store, session, n);
};

/** Opens the store and changes it; resolves when it is time to go. */
const live = async (plan, name) => {
  const store = await openStore(plan);
  say(`ready ${name}`);
  if (plan.isLoaded)
    for (let i = 0; i < LOADED_SESSIONS; i += 1) void keepChanging(store, `${name}-${i}`);
  for (let n = 1; n <= 3; n += 1) await change(store, name, n);
  await pause(plan.afterMs);
};

const thread = (plan, name) =>
  new Worker(fileURLToPath(import.meta.url), { workerData: { plan, name }, env: process.env });
const word = (worker, wanted) =>
  new Promise((heard) => worker.on('message', (said) => said === wanted && heard()));

/** The thread ends the process with its own exit code, if it is the one that goes. */
const host = async (plan) => {
  const worker = thread(plan, 's');
  worker.once('exit', (code) => process.exit(code));
  await word(worker, 'go');
  go(plan.way);
};

/**
 * One thread after another has the store. Each is terminated at its moment: so long after its last change, or
 * after such a part of the time that the first one took from when LMDB's library was loaded. Before that Node
 * ends the whole process when the thread is terminated in the middle of loading it; lmdb alone shows it.
 */
const terminateAll = async ({ moments, since, ...plan }) => {
  let tookMs = 0;
  for (const [i, moment] of [0, ...moments].entries()) {
    const worker = thread({ ...plan, afterMs: since === 'change' ? moment : 0 }, `t${i}`);
    worker.once('error', (error) => process.nextTick(fail, error));
    await word(worker, 'loaded');
    const begun = performance.now();
    if (i === 0 || since === 'change') await word(worker, 'go');
    else await pause(moment * tookMs);
    if (i === 0) tookMs = performance.now() - begun;
    await worker.terminate();
  }
  say('go');
};

if (isMainThread) {
  const plan = JSON.parse(process.argv[2]);
  if (plan.way === 'terminate') await terminateAll(plan);
  else if (plan.where === 'thread') await host(plan);
  else {
    await live(plan, 's');
    go(plan.way);
  }
} else {
  const { plan, name } = workerData;
  await load('stores/index.js');
  parentPort.postMessage('loaded');
  await live(plan, name);
  if (plan.way.startsWith('in the thread: ')) go(plan.way.slice(15));
  else parentPort.postMessage('go');
}
