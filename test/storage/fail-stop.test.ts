import { describe, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from '../../src/otp/virtual-clock.ts';
import { StoredJournal } from '../../src/storage/journal/stored-journal.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import type { Writer, WriterEvents } from '../../src/storage/records/store.ts';
import { append, codeOf, keyOf } from './sessions.ts';

/** A writer that never answers by itself. */
class SilentWriter implements Writer {
  events: WriterEvents | undefined;
  batches = 0;
  listen(events: WriterEvents): void {
    this.events = events;
  }
  write(): void {
    this.batches += 1;
  }
  settleAll(): void {
    this.events?.settled({ batches: this.batches, refusals: [], buffers: [] });
    this.batches = 0;
  }
  forgetChanges(): void {}
  purge(): Promise<never> {
    return Promise.reject(new Error('not here'));
  }
}

const failing = (clock = virtualClock()) => {
  const writer = new SilentWriter();
  const fatal: Error[] = [];
  const store = Object.create(new MemoryStore(), { writer: { value: writer } }) as MemoryStore;
  const journal = new StoredJournal(store, { clock, onFatal: (error) => fatal.push(error) });
  return { journal, writer, clock, fatal };
};

describe('a failed transaction', () => {
  it('fails whoever waits and whoever comes later, and says so once', async () => {
    const { journal, writer, clock, fatal } = failing();
    const sent = journal.commit(append(keyOf('s1')));
    await clock.settle();
    const waiting = journal.commit(append(keyOf('s2')));
    writer.events?.failed(new Error('EIO'));
    writer.events?.failed(new Error('EIO again'));
    expect(await codeOf(sent)).toBe('storage_failed');
    expect(await codeOf(waiting)).toBe('storage_failed');
    expect(await codeOf(journal.commit(append(keyOf('s3'))))).toBe('storage_failed');
    expect(fatal).toHaveLength(1);
  });

  it('is the last that the store hears: nothing is written or read any more', async () => {
    const { journal, writer, clock } = failing();
    const sent = journal.commit(append(keyOf('s1')));
    await clock.settle();
    const waiting = journal.commit(append(keyOf('s2')));
    writer.events?.failed(new Error('EIO'));
    await Promise.allSettled([sent, waiting]);
    await clock.settle();
    expect(writer.batches).toBe(1);
    await expect(journal.open(keyOf('s1'))).rejects.toThrow('the journal stopped');
    expect(journal.info().readOnlyBecause).toBe('storage_failed');
  });

  it('a commit that takes longer than its deadline is one', async () => {
    const { journal, clock, fatal } = failing();
    const outcome = codeOf(journal.commit(append(keyOf('s1'))));
    await clock.advance(9_999);
    expect(fatal).toEqual([]);
    await clock.advance(1);
    expect(await outcome).toBe('storage_failed');
    expect(fatal[0]?.message).toContain('in time');
  });

  it('an answer that comes after the end is not believed', async () => {
    const { journal, writer, clock } = failing();
    const outcome = codeOf(journal.commit(append(keyOf('s1'))));
    await clock.advance(10_000);
    writer.events?.settled({ batches: 1, refusals: [], buffers: [] });
    expect(await outcome).toBe('storage_failed');
    expect(journal.stats().commits).toBe(0);
  });

  it('a deadline counts for each group by itself', async () => {
    const { journal, writer, clock, fatal } = failing();
    const first = journal.commit(append(keyOf('s1')));
    await clock.advance(8_000);
    const second = codeOf(journal.commit(append(keyOf('s2'))));
    await clock.settle();
    writer.events?.settled({ batches: 1, refusals: [], buffers: [] });
    await first;
    await clock.advance(9_000);
    expect(fatal).toEqual([]);
    await clock.advance(1_000);
    expect(await second).toBe('storage_failed');
  });

  it('an answer that stands in the port at the deadline is read before the judgement', async () => {
    const virtual = virtualClock();
    const { setTimeout } = virtual;
    const behindTimer = (fn: () => void) => () => {
      setImmediate(() => writer.settleAll());
      fn();
    };
    const clock = Object.assign(Object.create(virtual) as VirtualClock, {
      setTimeout: (fn: () => void, ms: number) => setTimeout(behindTimer(fn), ms),
    });
    const { journal, writer, fatal } = failing(clock);
    const commit = journal.commit(append(keyOf('s1')));
    await virtual.advance(10_000);
    expect(await codeOf(commit)).toBeUndefined();
    expect(fatal).toEqual([]);
  });

  it('a process that stood still past the deadline gives its writer a grace', async () => {
    const { journal, writer, clock, fatal } = failing();
    const commit = journal.commit(append(keyOf('s1')));
    await clock.settle();
    clock.jump(11_000);
    await clock.advance(1_000);
    expect(fatal).toEqual([]);
    writer.settleAll();
    expect(await codeOf(commit)).toBeUndefined();
    await clock.advance(60_000);
    expect(fatal).toEqual([]);
  });

  it('a writer that is silent after the standstill too has failed', async () => {
    const { journal, clock, fatal } = failing();
    const outcome = codeOf(journal.commit(append(keyOf('s1'))));
    await clock.settle();
    clock.jump(11_000);
    await clock.advance(4_999);
    expect(fatal).toEqual([]);
    await clock.advance(1);
    expect(await outcome).toBe('storage_failed');
  });
});
