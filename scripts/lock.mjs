/**
 * A lock between processes, for the set-up: two `npm start` at once must not install into one folder.
 * It is a file with the owner's pid whose owner keeps touching it, so that a killed owner's lock is
 * recognised even where another process has its pid by now.
 */
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const TOUCH_EVERY_MS = 1_000;
const STALE_AFTER_MS = 20_000;
const LOOK_EVERY_MS = 200;

/** Runs `work` alone. `onWait` is called once if another process has the lock. */
export const withLock = async (path, work, onWait = () => {}) => {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!take(path)) {
    if (isStale(path)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) onWait();
    told = true;
    await delay(LOOK_EVERY_MS);
  }
  const touching = setInterval(() => touch(path), TOUCH_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    rmSync(path, { force: true });
  }
};

const take = (path) => {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
};

const touch = (path) => {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Somebody took a machine that slept for a dead one: the work goes on, it is safe to run twice.
  }
};

const isStale = (path) => {
  try {
    if (Date.now() - statSync(path).mtimeMs > STALE_AFTER_MS) return true;
    const pid = Number(readFileSync(path, 'utf8'));
    return pid > 0 && !isAlive(pid);
  } catch {
    return false; // gone in between: try again
  }
};

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};
