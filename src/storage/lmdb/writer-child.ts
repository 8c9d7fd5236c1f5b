/**
 * The process of a `ChildCarrier`: holds the store's lock and the writing thread for a thread elsewhere, and passes on
 * what the two say to each other. Arguments: the store's directory, and the time.
 *
 * 1. It ends when its owner does, which it learns from the end of its standard input. Leaving LMDB first is the
 *    business of `ThreadCarrier`, and until the process has gone the lock is held.
 * 2. Signals that are meant for its owner reach it too, from a terminal or a service manager: it does not heed them.
 */
import process from 'node:process';
import { toWire } from '../../model/errors.ts';
import { systemClock } from '../../otp/system-clock.ts';
import type { Carrier, WriterLine } from './carrier.ts';
import type { FromChild, ToChild } from './child-wire.ts';
import { ThreadCarrier } from './thread-carrier.ts';
import type { FromWriter } from './writer-thread.ts';

const NO_BUFFERS: readonly ArrayBuffer[] = [];

const tell = (message: FromChild): void => {
  if (process.connected) process.send?.(message, () => undefined);
};

/** The owner keeps the buffers that it posted. */
const withoutBuffers = (message: FromWriter): FromWriter =>
  message.kind === 'settled'
    ? { ...message, outcome: { ...message.outcome, buffers: NO_BUFFERS } }
    : message;

const serve = (carrier: Carrier): void => {
  const start = (newStoreId: string): WriterLine =>
    carrier.start(newStoreId, {
      heard: (message) => tell({ kind: 'heard', message: withoutBuffers(message) }),
      ended: ({ message }) => tell({ kind: 'ended', why: message }),
    });
  const release = async (): Promise<void> => {
    await carrier.release();
    process.exit(0);
  };
  let line: WriterLine | undefined;
  process.on('message', (message: ToChild) => {
    switch (message.kind) {
      case 'start':
        line = start(message.newStoreId);
        return;
      case 'post': {
        const { message: posted } = message;
        return line?.post(posted, posted.kind === 'batch' ? [posted.bytes] : []);
      }
      case 'announceRelease':
        return carrier.announceRelease();
      case 'release':
        return void release();
    }
  });
  tell({ kind: 'taken' });
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.stdin.on('close', () => process.exit(0)).resume();
process.on('disconnect', () => process.exit(0));
// An owner that has gone already is heard of now: its lock would only be in the way of the next one's.
await new Promise<void>((resolve) => systemClock.defer(resolve));

const [dir = '', nowMs = '0'] = process.argv.slice(2);
const ownerPid = process.ppid;
await ThreadCarrier.take({ dir, nowMs: Number(nowMs), ownerPid }).then(serve, (error: unknown) => {
  tell({ kind: 'refused', error: toWire(error) });
  process.disconnect();
});
