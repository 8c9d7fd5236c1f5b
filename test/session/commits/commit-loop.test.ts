/**
 * The commit loop by itself, over a journal in memory behind a gate: who waits for whom, who hears what and when, and
 * what a failure of the journal does.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { runtimeOf } from '../../../src/app/runtime.ts';
import { defaultConfig } from '../../../src/config/config.ts';
import { type ErrorCode, GreenroomError } from '../../../src/model/errors.ts';
import { sessionKey, type TurnId } from '../../../src/model/ids.ts';
import { newTraceId } from '../../../src/model/request-context.ts';
import type { From } from '../../../src/otp/message.ts';
import { startTree, supervisor } from '../../../src/otp/supervisor.ts';
import { System } from '../../../src/otp/system.ts';
import { CommitLoop } from '../../../src/session/commits/commit-loop.ts';
import type { Answered, SessionRequest } from '../../../src/session/commits/waiting-changes.ts';
import { Feed } from '../../../src/session/events/feed.ts';
import { journalName, type SessionChange } from '../../../src/session/ports/journal.ts';
import type { Mailbox } from '../../../src/session/runtime/mailbox.ts';
import { newTurn } from '../../../src/session/verbs/requests.ts';
import { SyncGate } from '../../../src/storage/lmdb/sync-gate.ts';
import { memoryJournal } from '../../../src/storage/memory/memory-journal.ts';
import { holder } from '../../search/fake-journal.ts';
import { FaultyJournal } from '../../storage/faulty-journal.ts';
import { closedTurn } from '../../storage/sessions.ts';
import { delayReads, type Lateness } from '../../support/late-reads.ts';
import { read } from '../../support/read-journal.ts';
import { until } from '../../support/until.ts';

const KEY = sessionKey('default', 's');
const tag = (name: string): SessionRequest => ({ type: 'tag', tags: [name] });

/** Refuses commits with a code while it is told to; they are not stored. */
class RefusingJournal extends FaultyJournal {
  refusal: ErrorCode | undefined;

  override async commit(change: SessionChange): Promise<void> {
    if (this.refusal !== undefined) throw new GreenroomError(this.refusal, 'as planned');
    return super.commit(change);
  }
}

/** A caller who keeps what it is told. */
class Caller implements From<Answered> {
  settled = false;
  answered: Answered | undefined;
  error: unknown;

  reply(value: Answered): void {
    this.settled = true;
    this.answered = value;
  }

  fail(error: unknown): void {
    this.settled = true;
    this.error = error;
  }
}

/** Holds reads of the journal back, one after the other. */
class SlowReads {
  isSlow = false;
  readonly waiting: { readonly name: string; readonly goOn: () => void }[] = [];

  readonly lateness: Lateness = async (name, when) => {
    if (this.isSlow && when === 'before')
      await new Promise<void>((goOn) => void this.waiting.push({ name, goOn }));
  };

  /** Lets all go on, and none waits any more. */
  end(): void {
    this.isSlow = false;
    for (const { goOn } of this.waiting.splice(0)) goOn();
  }
}

const line = (uuid: string): Uint8Array =>
  Buffer.from(JSON.stringify({ type: 'user', uuid, message: { role: 'user', content: uuid } }));

const importLine = (number: number): SessionRequest => ({
  ...{ type: 'importChunk', subpath: '', externalKey: 'e', fromLine: number },
  lines: [line(`u${number}`)],
});

const stage = async (plan: ConstructorParameters<typeof FaultyJournal>[1] = () => 'none') => {
  const gate = new SyncGate();
  const stored = memoryJournal({ gate });
  const journal = new RefusingJournal(stored, plan);
  const reads = new SlowReads();
  delayReads(journal, reads.lateness);
  const system = new System();
  const tree = supervisor({
    id: 'root',
    strategy: 'one_for_one',
    children: [holder(journalName, journal as never)],
  });
  const ref = await startTree(system, tree);
  onTestFinished(async () => void (await system.stop(ref, 'shutdown')));
  const runtime = runtimeOf(defaultConfig({}, 'claude-sonnet-5'), new Feed(() => undefined));
  const seen = { commits: 0, death: undefined as unknown };
  const mailbox: Mailbox = {
    system,
    committing: (commit) => {
      seen.commits += 1;
      commit.then(
        () => loop.durable(),
        (error: unknown) => {
          try {
            loop.failed(error);
          } catch (fatal) {
            seen.death = fatal;
          }
        },
      );
    },
    reading: (done) => {
      done.then(
        (goOn) => loop.read(goOn),
        (error: unknown) => {
          seen.death = error;
        },
      );
    },
    stepEvents: () => undefined,
    stepOutcome: () => undefined,
    reserving: () => undefined,
    toolAsks: () => undefined,
    toolOutcome: () => undefined,
    later: () => undefined,
    building: () => undefined,
    rest: () => undefined,
  };
  const loop = new CommitLoop({ key: KEY, runtime }, mailbox, await journal.open(KEY));
  const submit = (request: SessionRequest): Caller => {
    const caller = new Caller();
    loop.submit(request, caller);
    return caller;
  };
  const create = async () => {
    const caller = submit({ type: 'create', settings: {} });
    await until(() => caller.settled);
  };
  return { gate, stored, journal, reads, loop, seen, submit, create };
};

describe('the commit loop', () => {
  it('has one commit in flight, and what comes meanwhile shares the next one', async () => {
    const { gate, loop, seen, submit, create } = await stage();
    await create();
    gate.hold();
    const first = submit(tag('a'));
    const others = [submit(tag('b')), submit(tag('c'))];
    expect(seen.commits).toBe(2);
    expect(loop.committed.head.tags).toEqual([]);
    expect([first, ...others].map(({ settled }) => settled)).toEqual([false, false, false]);
    gate.release();
    await until(() => others.every(({ settled }) => settled));
    expect(first.answered?.head.tags).toEqual(['a']);
    expect(others[0]?.answered?.head.tags).toEqual(['a', 'b', 'c']);
    expect(seen.commits).toBe(3);
  });

  it('tells and shows nothing before it is durable', async () => {
    const { gate, stored, loop, submit, create } = await stage();
    await create();
    gate.hold();
    const caller = submit(tag('a'));
    expect([
      caller.settled,
      loop.committed.head.version,
      (await read(stored).head(KEY))?.tags,
    ]).toEqual([false, 1, []]);
    gate.release();
    await until(() => caller.settled);
    expect([loop.committed.head.version, (await read(stored).head(KEY))?.tags]).toEqual([2, ['a']]);
  });

  it('refuses one change of a batch and stores the others', async () => {
    const { gate, submit, create } = await stage();
    await create();
    gate.hold();
    submit(tag('a'));
    const [good, bad, last] = [
      submit(tag('b')),
      submit({ type: 'settings', settings: { title: 'x' }, expectedVersion: 99 }),
      submit(tag('c')),
    ];
    gate.release();
    await until(() => last.settled);
    expect(bad.error).toMatchObject({ code: 'version_conflict' });
    expect(good.answered?.head.tags).toEqual(['a', 'b']);
    expect(last.answered?.head.tags).toEqual(['a', 'b', 'c']);
  });

  it('fails the callers of a commit that stored nothing, and goes on', async () => {
    const { journal, seen, submit, create } = await stage();
    await create();
    journal.refusal = 'disk_low';
    const refused = submit(tag('a'));
    await until(() => refused.settled);
    journal.refusal = undefined;
    const next = submit(tag('b'));
    await until(() => next.settled);
    expect(refused.error).toMatchObject({ code: 'disk_low' });
    expect(next.answered?.head.tags).toEqual(['b']);
    expect(seen.death).toBeUndefined();
  });

  it('ends its actor when it cannot know what was stored', async () => {
    const { seen, stored, submit, create } = await stage((commit) =>
      commit === 2 ? 'answer-lost' : 'none',
    );
    await create();
    const caller = submit(tag('a'));
    await until(() => seen.death !== undefined);
    expect(caller.error).toMatchObject({ code: 'storage_failed' });
    expect((await read(stored).head(KEY))?.tags).toEqual(['a']);
  });

  it('reads the truth and computes again when another writer came first', async () => {
    const { gate, stored, seen, submit, create } = await stage();
    await create();
    const head = await read(stored).head(KEY);
    if (head === undefined) throw new Error('it was made');
    gate.hold();
    const other = stored.commit({
      kind: 'write',
      key: KEY,
      expectedVersion: head.version,
      head: { ...head, version: head.version + 1, title: 'theirs' },
      ...{ appends: [], streams: [], turns: [], newTurnIds: [], responses: [], audit: [] },
    });
    const caller = submit(tag('a'));
    gate.release();
    await other;
    await until(() => caller.settled);
    expect(caller.answered?.head).toMatchObject({ title: 'theirs', tags: ['a'], version: 3 });
    expect(seen.death).toBeUndefined();
  });

  it('gives up a change that always finds another writer before it', async () => {
    const { journal, seen, submit, create } = await stage();
    await create();
    journal.refusal = 'version_conflict';
    const caller = submit(tag('a'));
    await until(() => seen.death !== undefined);
    expect(caller.error).toMatchObject({ code: 'version_conflict' });
    expect(seen.commits).toBe(5);
  });

  it('does not begin a change whose caller gave up while it waited', async () => {
    const { gate, submit, create } = await stage();
    await create();
    gate.hold();
    submit(tag('a'));
    const late = submit(tag('late'));
    const last = submit(tag('b'));
    late.settled = true;
    gate.release();
    await until(() => last.settled);
    expect(last.answered?.head.tags).toEqual(['a', 'b']);
  });

  it('begins no commit while it reads what the next one needs, and keeps the order', async () => {
    const { reads, loop, submit, create } = await stage();
    await create();
    reads.isSlow = true;
    const imported = submit(importLine(0));
    const others = [submit(tag('a')), submit(importLine(1)), submit(tag('b'))];
    await until(() => reads.waiting.length > 0);
    expect(loop.isBusy).toBe(true);
    expect(loop.isWorking).toBe(true);
    expect(loop.committed.head.version).toBe(1);
    reads.end();
    await until(() => others.every(({ settled }) => settled));
    expect(imported.answered?.head).toMatchObject({ version: 2, seq: 1, tags: [] });
    expect(others.map(({ answered }) => answered?.head.version)).toEqual([3, 4, 5]);
    expect(others[2]?.answered?.head).toMatchObject({ seq: 2, tags: ['a', 'b'] });
  });

  it('does not commit what was read for a caller that gave up meanwhile', async () => {
    const { reads, stored, submit, create } = await stage();
    await create();
    reads.isSlow = true;
    const late = submit(importLine(0));
    await until(() => reads.waiting.length > 0);
    late.settled = true;
    const next = submit(tag('a'));
    reads.end();
    await until(() => next.settled);
    expect(next.answered?.head).toMatchObject({ version: 2, seq: 0, tags: ['a'] });
    expect(await read(stored).entries(KEY)).toEqual([]);
  });

  it('computes anew what it read of a state that another writer has changed', async () => {
    const { reads, stored, submit, create } = await stage();
    await create();
    for (const name of ['open', 'stream']) {
      const { head } = await stored.open(KEY);
      if (head === undefined) throw new Error('it was made');
      const number = head.seq;
      reads.isSlow = true;
      const caller = submit(importLine(number));
      while (reads.waiting.at(-1)?.name !== name) {
        reads.waiting.pop()?.goOn();
        await until(() => reads.waiting.length > 0);
      }
      await stored.commit({
        ...{ kind: 'write', key: KEY, expectedVersion: head.version },
        head: { ...head, version: head.version + 1, title: `before ${name}` },
        ...{ appends: [], streams: [], turns: [], newTurnIds: [], responses: [], audit: [] },
      });
      reads.end();
      await until(() => caller.settled);
      expect(caller.error).toBeUndefined();
      const expected = { version: head.version + 2, seq: number + 1, title: `before ${name}` };
      expect(caller.answered?.head).toMatchObject(expected);
    }
  });

  it('answers a turn that the ledger knows with its record, however late that is read', async () => {
    const { reads, stored, loop, submit, create } = await stage();
    await create();
    const { head } = await stored.open(KEY);
    if (head === undefined) throw new Error('it was made');
    const known = closedTurn('known' as TurnId);
    await stored.commit({
      ...{ kind: 'write', key: KEY, expectedVersion: 1, head: { ...head, version: 2 } },
      ...{ appends: [], streams: [], newTurnIds: [], responses: [], audit: [] },
      turns: [{ ...known, promptHash: '' }],
    });
    const settled = submit(tag('reads the truth'));
    await until(() => settled.settled);
    reads.isSlow = true;
    const again = submit({
      ...{ type: 'turn', known: undefined },
      turn: newTurn(known.turnId, newTraceId(), { prompt: 'hello' }),
    });
    const next = submit(tag('a'));
    await until(() => reads.waiting.length > 0);
    expect([again.settled, next.settled, loop.isBusy]).toEqual([false, false, true]);
    reads.end();
    await until(() => again.settled && next.settled);
    expect(again.answered?.answer).toMatchObject({ type: 'turn', isNew: false });
    expect(again.answered?.turn).toMatchObject({ turnId: 'known', status: 'completed' });
  });

  it('ends its actor when the truth cannot be read', async () => {
    const { journal, reads, stored, seen, submit, create } = await stage();
    await create();
    reads.isSlow = true;
    journal.refusal = 'version_conflict';
    submit(tag('a'));
    await until(() => reads.waiting.length > 0);
    stored.fence('the journal restarts');
    reads.end();
    await until(() => seen.death !== undefined);
    expect(seen.death).toMatchObject({ code: 'unavailable' });
  });
});
